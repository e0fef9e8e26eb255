//! Reads messages of gRPC that are written by their fields: `descriptors` beside `service` and `method`.

use super::files::Folder;
use super::matchers::{KEYS, matcher, pattern};
use crate::grpc::MessageMatcher;
use crate::matcher::Matcher;
use crate::protobuf::{Descriptors, Holds, MessageType};
use bytes::Bytes;
use mesh_filter_runtime::document::{Entry, Error, Fields, Kind, Node, Result, suggest};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

/// Most names that a message lists.
const LISTED: usize = 10;
/// The conditions that are about fields.
const OF_FIELDS: [&str; 2] = ["json", "json_equals"];

/// The descriptor sets of a scenario file that have been read.
#[derive(Debug, Default)]
pub(crate) struct Sets(Mutex<BTreeMap<PathBuf, Descriptors>>);

/// What a method takes and gives.
#[derive(Debug, Clone)]
pub(super) struct Method {
    pub(super) input: MessageType,
    pub(super) output: MessageType,
}

/// Reads `descriptors`, if it is there.
pub(super) fn method(fields: &Fields<'_>, folder: &Folder) -> Result<Option<Method>> {
    let Some(node) = fields.get("descriptors") else { return Ok(None) };
    let descriptors = descriptors(node, folder)?;
    let (service, method) = (fields.required("service")?, fields.required("method")?);
    let name = |node: &Node| {
        let plain = node.scalar().filter(|(text, _)| !matches!(*text, "absent" | "present"));
        plain
            .map(|(text, _)| text.to_owned())
            .ok_or_else(|| node.expected("a name, which `descriptors` has to know"))
    };
    let (service_name, method_name) = (name(service)?, name(method)?);
    let found = descriptors.method(&service_name, &method_name);
    let (input, output) = found.ok_or_else(|| {
        let methods = descriptors.methods(&service_name);
        if methods.is_empty() {
            let known = format!("it has {}", listed(&descriptors.services()));
            return service.error(format!("no service `{service_name}` in the descriptors")).with_help(known);
        }
        let known = format!("it has {}", listed(&methods));
        method.error(format!("`{service_name}` has no method `{method_name}`")).with_help(known)
    })?;
    Ok(Some(Method { input, output }))
}

fn descriptors(node: &Node, folder: &Folder) -> Result<Descriptors> {
    let path = folder.path(node)?;
    let lock = || folder.descriptors().0.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = lock().get(&path) {
        return Ok(known.clone());
    }
    let read = Descriptors::parse(&folder.read(node)?).map_err(|problem| {
        node.error(problem).with_help(
            "a set is made by `protoc --include_imports --descriptor_set_out=FILE.binpb FILE.proto`",
        )
    })?;
    lock().insert(path, read.clone());
    Ok(read)
}

fn listed(names: &[String]) -> String {
    let shown: Vec<String> = names.iter().take(LISTED).map(|name| format!("`{name}`")).collect();
    match names.len() {
        0 => "none".to_owned(),
        count if count > LISTED => format!("{}, ..", shown.join(", ")),
        _ => shown.join(", "),
    }
}

/// Reads a condition on a message: on its fields, where its type is known.
pub(super) fn message(node: &Node, folder: &Folder, of: Option<&MessageType>) -> Result<MessageMatcher> {
    let Some(of) = of else { return Ok(matcher(node, folder)?.into()) };
    let (entries, node_of_fields) = match node.kind() {
        Kind::Mapping(entries) if is_condition(entries) => match entries.as_slice() {
            [only] if OF_FIELDS.contains(&&*only.key) => (entries, Some(&only.value)),
            _ => (entries, None),
        },
        Kind::Mapping(entries) => (entries, Some(node)),
        // Bytes, or whether there is a message at all.
        _ => return Ok(matcher(node, folder)?.into()),
    };
    let Some(fields) = node_of_fields else { return Ok(matcher(node, folder)?.into()) };
    check_names(fields, of)?;
    let matcher = if is_condition(entries) {
        matcher(node, folder)?
    } else {
        Matcher::Json(Box::new(pattern(node, folder)?))
    };
    Ok(MessageMatcher { matcher, of: Some(of.clone()) })
}

/// Reads a message that is sent: by its fields, where its type is known.
pub(super) fn sent(node: &Node, folder: &Folder, of: Option<&MessageType>) -> Result<Bytes> {
    const BYTES: [&str; 6] = ["text", "file", "base64", "hex", "chunks", "jwks"];
    let (Some(of), Kind::Mapping(entries)) = (of, node.kind()) else {
        return super::body::bytes(node, folder);
    };
    let fields = match entries.as_slice() {
        [only] if BYTES.contains(&&*only.key) => return super::body::bytes(node, folder),
        [only] if only.key == "json" => &only.value,
        _ => node,
    };
    check_names(fields, of)?;
    let encoded = of.encode(fields.to_json()?);
    encoded.map_err(|problem| fields.error(format!("not a message of `{}`: {problem}", of.name())))
}

/// A mapping whose keys are all conditions is a condition, as everywhere.
fn is_condition(entries: &[Entry]) -> bool {
    !entries.is_empty() && entries.iter().all(|entry| KEYS.contains(&&*entry.key))
}

/// All fields that are named are fields of the message.
fn check_names(node: &Node, of: &MessageType) -> Result<()> {
    let names = of.fields();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    for entry in node.entries()? {
        if !names.contains(&&*entry.key) {
            let problem = format!("`{}` has no field `{}`", of.name(), entry.key);
            return Err(Error::new(&entry.place, problem).with_help(suggest(&entry.key, &names)));
        }
        let below = &entry.value;
        match of.holds(&entry.key) {
            Holds::Plain => {}
            Holds::Map(of) => {
                if let Kind::Mapping(entries) = below.kind() {
                    entries.iter().try_for_each(|entry| check_message(&entry.value, &of))?;
                }
            }
            Holds::Message(of) => match below.kind() {
                Kind::List(items) => items.iter().try_for_each(|item| check_message(item, &of))?,
                _ => check_message(below, &of)?,
            },
        }
    }
    Ok(())
}

fn check_message(node: &Node, of: &MessageType) -> Result<()> {
    match node.kind() {
        Kind::Mapping(entries) if !is_condition(entries) => check_names(node, of),
        _ => Ok(()),
    }
}

#[cfg(feature = "protobuf")]
#[cfg(test)]
mod tests {
    use crate::scenario::{Suite, parse};
    use crate::world::World;
    use mesh_filter::prelude::*;
    use prost_reflect::prost::Message as _;
    use prost_reflect::prost_types::field_descriptor_proto::{Label, Type};
    use prost_reflect::prost_types::{
        DescriptorProto, FieldDescriptorProto, FileDescriptorProto, FileDescriptorSet, MessageOptions,
        MethodDescriptorProto, ServiceDescriptorProto,
    };
    use std::path::PathBuf;

    fn field(name: &str, number: i32, kind: Type, of: Option<&str>, list: bool) -> FieldDescriptorProto {
        let label = if list { Label::Repeated } else { Label::Optional };
        FieldDescriptorProto {
            name: Some(name.to_owned()),
            number: Some(number),
            label: Some(label.into()),
            r#type: Some(kind.into()),
            type_name: of.map(|of| format!(".a.{of}")),
            ..FieldDescriptorProto::default()
        }
    }

    /// A service with a method whose messages have fields of all kinds.
    fn set() -> Vec<u8> {
        let named = |name: &str, field: Vec<FieldDescriptorProto>| DescriptorProto {
            name: Some(name.to_owned()),
            field,
            ..DescriptorProto::default()
        };
        let entry = DescriptorProto {
            options: Some(MessageOptions { map_entry: Some(true), ..MessageOptions::default() }),
            ..named(
                "TagsEntry",
                vec![
                    field("key", 1, Type::String, None, false),
                    field("value", 2, Type::Message, Some("Tag"), false),
                ],
            )
        };
        let ask = DescriptorProto {
            nested_type: vec![entry],
            ..named(
                "Ask",
                vec![
                    field("user_name", 1, Type::String, None, false),
                    field("number", 2, Type::Int64, None, false),
                    field("tag", 3, Type::Message, Some("Tag"), false),
                    field("tag_list", 4, Type::Message, Some("Tag"), true),
                    field("tags", 5, Type::Message, Some("Ask.TagsEntry"), true),
                    field("raw", 6, Type::Bytes, None, false),
                ],
            )
        };
        let method = MethodDescriptorProto {
            name: Some("Check".to_owned()),
            input_type: Some(".a.Ask".to_owned()),
            output_type: Some(".a.Ask".to_owned()),
            ..MethodDescriptorProto::default()
        };
        let file = FileDescriptorProto {
            name: Some("a.proto".to_owned()),
            package: Some("a".to_owned()),
            syntax: Some("proto3".to_owned()),
            message_type: vec![named("Tag", vec![field("label", 1, Type::String, None, false)]), ask],
            service: vec![ServiceDescriptorProto {
                name: Some("Auth".to_owned()),
                method: vec![method],
                ..ServiceDescriptorProto::default()
            }],
            ..FileDescriptorProto::default()
        };
        FileDescriptorSet { file: vec![file] }.encode_to_vec()
    }

    /// Sends what the header says in hexadecimal digits, and tells the upstream so what came back.
    struct Asking;

    impl Filter for Asking {
        type Config = ();

        fn new((): (), _: &mut Setup) -> mesh_filter::Result<Self> {
            Ok(Self)
        }

        async fn handle(
            &self,
            mut request: mesh_filter::Request,
            next: Next,
        ) -> mesh_filter::Result<Response> {
            let digits = request.headers().get("x-message").unwrap().as_bytes().to_vec();
            let digits = digits.chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
            let message: Vec<u8> = digits.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect();
            let reply = grpc::call(&ClusterName::new("who")?, "a.Auth", "Check").send_bytes(message).await;
            let reply = reply.map(|reply| reply.into_message()).unwrap_or_default();
            let hex: String = reply.iter().map(|byte| format!("{byte:02x}")).collect();
            request.headers_mut().set("x-reply", hex)?;
            next.run(request).await
        }
    }

    fn folder(test: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("mesh-filter-protobuf-{}-{test}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("a.binpb"), set()).unwrap();
        folder
    }

    fn read(folder: &std::path::Path, mock: &str, expect: &str) -> Result<Suite, String> {
        let message = MESSAGE;
        let text = format!(
            "version: 1\nmocks:\n  who: {mock}\nscenarios:\n  - name: a\n    steps:\n      \
             - request: {{headers: {{x-message: {message}}}}}\n        expect: {expect}\n"
        );
        parse(&folder.join("x.test.yaml"), &text).map_err(|error| error.render())
    }

    /// Alice, number 5, a tag `x`, a list of `y` and `z`, `v` by the key `k`, a byte.
    const MESSAGE: &str = concat!(
        "0a05616c696365",
        "1005",
        "1a030a0178",
        "22030a0179",
        "22030a017a",
        "2a080a016b12030a0176",
        "320100"
    );

    const OF: &str = "descriptors: a.binpb, service: a.Auth, method: Check";

    #[test]
    fn messages_are_matched_and_sent_by_their_fields() {
        let folder = folder("fields");
        let play = |message: &str, reply: &str, expect: &str| {
            let mock = format!("{{grpc: {{{OF}, message: {message}}}, reply: {{message: {reply}}}}}");
            read(&folder, &mock, expect).unwrap().run(&World::native::<Asking>()).to_string()
        };
        let upstream = |hex: &str| format!("{{upstream: {{headers: {{x-reply: {hex}}}}}}}");
        for message in [
            "{user_name: alice, number: 5, tag: {label: x}}",
            "{tag_list: [{label: y}, {label: {starts: z}}], tags: {k: {label: v}}, raw: AA==}",
            "{json: {user_name: {contains: lic}}}",
            "{}",
            concat!(
                "{hex: ",
                "0a05616c696365",
                "10051a030a017822030a017922030a017a2a080a016b12030a0176320100}"
            ),
            "present",
        ] {
            let text = play(
                message,
                "{user_name: bob, tag_list: [{}], tags: {k: {label: v}}}",
                &upstream("0a03626f6222002a080a016b12030a0176"),
            );
            assert!(text.contains("1 passed"), "{message}\n{text}");
        }
        for (reply, hex) in [
            ("{number: 7}", "1007"),
            ("{json: {number: \"7\"}}", "1007"),
            ("{hex: ff}", "ff"),
            ("{raw: AAE=}", "32020001"),
        ] {
            let text = play("{user_name: alice}", reply, &upstream(hex));
            assert!(text.contains("1 passed"), "{reply}\n{text}");
        }
        let text = play("{user_name: bob}", "{}", "{}");
        assert!(text.contains("by gRPC (`a.Auth/Check`, message "), "{text}");
        assert!(text.contains("and no mock of it is for this call"), "{text}");
        let expect = format!("{{callouts: {{who: [{{grpc: {{{OF}, message: {{tag: {{label: y}}}}}}}}]}}}}");
        let text = play("{}", "{}", &expect);
        let expected = "message: $.tag.label: expected `\"y\"`, got `\"x\"`\n";
        assert!(text.contains(expected) || text.contains("message: $.tag.label: expected `y`"), "{text}");
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn what_the_descriptors_do_not_have_is_refused_where_it_stands() {
        let folder = folder("refused");
        std::fs::write(folder.join("broken.binpb"), "no set").unwrap();
        let of = OF;
        for (mock, expected) in [
            (
                format!("{{grpc: {{{of}, message: {{user: a}}}}, reply: {{}}}}"),
                "message.user: `a.Ask` has no field `user`",
            ),
            (
                format!("{{grpc: {{{of}, message: {{tag: {{lable: a}}}}}}, reply: {{}}}}"),
                "did you mean `label`?",
            ),
            (
                format!("{{grpc: {{{of}}}, reply: {{message: {{tag_list: [{{x: 1}}]}}}}}}"),
                "tag_list[0].x: `a.Tag` has no field `x`",
            ),
            (
                format!("{{grpc: {{{of}}}, reply: {{message: {{tags: {{k: {{x: 1}}}}}}}}}}"),
                "tags.k.x: `a.Tag` has no field `x`",
            ),
            (
                format!("{{grpc: {{{of}}}, reply: {{message: {{number: many}}}}}}"),
                "not a message of `a.Ask`: ",
            ),
            (
                "{grpc: {descriptors: a.binpb, method: Check}, reply: {}}".to_owned(),
                "missing field `service`",
            ),
            (
                "{grpc: {descriptors: a.binpb, service: a.Auht, method: Check}, reply: {}}".to_owned(),
                "no service `a.Auht` in the descriptors\n",
            ),
            (
                "{grpc: {descriptors: a.binpb, service: a.Auth, method: Chekc}, reply: {}}".to_owned(),
                "help: it has `Check`",
            ),
            (
                "{grpc: {descriptors: a.binpb, service: {starts: a}, method: Check}, reply: {}}".to_owned(),
                "expected a name, which `descriptors` has to know",
            ),
            (
                "{grpc: {descriptors: broken.binpb, service: a, method: b}, reply: {}}".to_owned(),
                "help: a set is made by `protoc --include_imports",
            ),
            ("{grpc: {descriptors: no.binpb, service: a, method: b}, reply: {}}".to_owned(), "cannot read"),
        ] {
            let error = read(&folder, &mock, "{}").unwrap_err();
            assert!(error.contains(expected), "{expected}\n{error}");
        }
        std::fs::remove_dir_all(folder).unwrap();
    }
}
