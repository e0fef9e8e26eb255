//! Each kind is decoded from its bytes, and each method asks for its path.

use super::*;
use crate::fake::Fake;
use crate::host::{Host, Refusing, install, pairs};
use std::net::{IpAddr, Ipv4Addr};
use std::rc::Rc;
use std::time::{Duration, SystemTime};

fn with(properties: &[(&str, &[u8])]) -> (Rc<Fake>, crate::host::Installed) {
    let fake = Rc::new(Fake::default());
    for (path, bytes) in properties {
        fake.properties.borrow_mut().insert(path.replace('/', "\0").into_bytes(), bytes.to_vec());
    }
    (Rc::clone(&fake), install(fake as Rc<dyn Host>))
}

fn number(number: i64) -> [u8; 8] {
    number.to_le_bytes()
}

#[test]
fn each_kind_is_decoded_from_its_bytes_and_from_no_others() {
    let moment = number(1_500_000_000);
    let _installed = with(&[
        ("number", &moment),
        ("negative", &number(-1)),
        ("share", &0.5_f64.to_le_bytes()),
        ("truth", &[1]),
        ("raw", &[0xff, 2]),
        ("map", &pairs::encode(&[("a", b"1"), ("b", b"\xff")])),
        ("list", &pairs::encode(&[("one", b""), ("two", b"")])),
        ("empty", b""),
    ]);
    assert_eq!(read(&["number"]), Ok(Some(1_500_000_000_i64)));
    assert_eq!(read(&["number"]), Ok(Some(1_500_000_000_u64)));
    assert_eq!(read(&["number"]), Ok(Some(Duration::from_millis(1500))));
    assert_eq!(read(&["number"]), Ok(Some(SystemTime::UNIX_EPOCH + Duration::from_millis(1500))));
    assert_eq!(read(&["share"]), Ok(Some(0.5)));
    assert_eq!(read(&["truth"]), Ok(Some(true)));
    assert_eq!(read(&["raw"]), Ok(Some(vec![0xff, 2])));
    assert_eq!(read(&["list"]), Ok(Some(vec!["one".to_owned(), "two".to_owned()])));
    assert_eq!(read(&["empty"]), Ok(Some(Map::default())));
    let map: Map = read(&["map"]).unwrap().unwrap();
    assert_eq!((map.get("a"), map.get::<String>("b")), (Some("1".to_owned()), None));
    assert_eq!((map.bytes("b"), map.len()), (Some(&b"\xff"[..]), 2));

    assert_eq!(read::<String>(&["absent"]), Ok(None));
    assert!(read::<i64>(&["raw"]).is_err() && read::<f64>(&["truth"]).is_err());
    assert!(read::<bool>(&["raw"]).is_err() && read::<bool>(&["empty"]).is_err());
    assert!(read::<Duration>(&["negative"]).is_err() && read::<SystemTime>(&["negative"]).is_err());
    assert!(read::<u16>(&["number"]).is_err() && read::<Map>(&["number"]).is_err());
}

#[test]
fn an_error_names_the_path_and_shows_the_bytes() {
    let _installed = with(&[("source/port", b"443"), ("long", &[0xff; 100])]);
    assert_eq!(
        source().port().unwrap_err().to_string(),
        "property `source.port` is not an integer up to 65535: it has 3 bytes, `443`"
    );
    let error = read::<String>(&["long"]).unwrap_err();
    assert!(matches!(error, PropertyError::Kind { size: 100, seen, .. } if seen.len() == 32));
    let _refusing = install(Rc::new(Refusing(Status::SERIALIZATION_FAILURE)));
    let error = dynamic_metadata().get::<f64>(&["a", "b"]).unwrap_err().to_string();
    assert!(error.starts_with("hostcall `proxy_get_property` with `metadata.filter_metadata.a.b` answered"));
}

#[test]
fn addresses_are_sockets_or_what_the_proxy_wrote() {
    let _installed = with(&[
        ("source/address", b"10.0.0.1:80"),
        ("destination/address", b"/run/proxy.sock"),
        ("upstream/address", b"[::1]:443"),
    ]);
    let client = source().address().unwrap().unwrap();
    assert_eq!(client.ip(), Some(IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1))));
    let pipe = destination().address().unwrap().unwrap();
    assert_eq!((pipe.socket(), pipe.to_string()), (None, "/run/proxy.sock".to_owned()));
    assert_eq!(upstream().address().unwrap().unwrap().to_string(), "[::1]:443");
}

#[test]
fn what_a_certificate_does_not_say_is_no_identity() {
    let _installed = with(&[
        ("connection/mtls", &[1]),
        ("connection/subject_peer_certificate", b""),
        ("connection/uri_san_peer_certificate", b"spiffe://mesh/ns/a/sa/b"),
        ("connection/sha256_peer_certificate_digest", b"ab12"),
        ("upstream/dns_san_local_certificate", b"proxy.example"),
    ]);
    let peer = connection().peer_certificate();
    assert_eq!(connection().mtls(), Ok(Some(true)));
    assert_eq!((peer.subject(), peer.dns_san()), (Ok(None), Ok(None)));
    assert_eq!(peer.uri_san().unwrap().unwrap(), "spiffe://mesh/ns/a/sa/b");
    assert_eq!(connection().peer_certificate_digest().unwrap().unwrap(), "ab12");
    assert_eq!(upstream().local_certificate().dns_san().unwrap().unwrap(), "proxy.example");
}

#[test]
fn flags_print_as_access_logs_print_them() {
    let _installed = with(&[("response/flags", &number(0b10_0000_0010)), ("response/code", &number(503))]);
    let flags = response().flags().unwrap().unwrap();
    assert!(flags.contains(ResponseFlags::NO_HEALTHY_UPSTREAM));
    assert_eq!(flags.to_string(), "UH,DI");
    assert_eq!(ResponseFlags(1 << 40 | 1).to_string(), "LH,0x10000000000");
    assert_eq!(ResponseFlags::default().to_string(), "-");
    assert_eq!(response().code(), Ok(Some(503)));
}

#[test]
fn names_and_metadata_are_found_by_their_paths() {
    let _installed = with(&[
        ("xds/route_name", b"checkout"),
        ("xds/listener_direction", &number(2)),
        ("xds/node/metadata/NAMESPACE", b"shop"),
        ("xds/upstream_host_metadata/filter_metadata/istio/workload", b"cart"),
        ("plugin_root_id", b"root"),
        ("request/headers/x-a", b"1,2"),
    ]);
    assert_eq!(route().name().unwrap().unwrap(), "checkout");
    assert_eq!(listener().direction(), Ok(Some(Direction::Outbound)));
    assert_eq!(node().metadata::<String>(&["NAMESPACE"]).unwrap().unwrap(), "shop");
    let workload: Option<String> = cluster().host_metadata().get(&["istio", "workload"]).unwrap();
    assert_eq!(workload.unwrap(), "cart");
    assert_eq!(plugin().root_id().unwrap().unwrap(), "root");
    assert_eq!(request().header("x-a"), Ok(Some(b"1,2".to_vec())));
    assert_eq!(virtual_host().name(), Ok(None));
}

#[test]
fn a_property_that_was_set_is_read_back() {
    let _installed = with(&[]);
    set("team", "blue").unwrap();
    assert_eq!(read::<String>(&["team"]).unwrap().unwrap(), "blue");
    assert!(set("", "blue").is_err() && set("a\0b", "blue").is_err());
}
