//! Body buffers: what is read of them, and every range that can be replaced.

use super::super::case::{Case, case};

pub(super) fn cases() -> Vec<Case> {
    let mut all = vec![reading(), status(), small(), out_of_phase(), const_buffers(), addresses()];
    let replacements = [
        ("prepend", "0 0 '<<'"),
        ("replace-all", "0 5 'new'"),
        ("replace-all-with-more-than-there-is", "0 4294967295 'new'"),
        ("replace-with-nothing", "0 5 ''"),
        ("replace-the-beginning", "0 2 'AB'"),
        ("replace-the-beginning-by-more", "0 2 'ABCDEFG'"),
        ("replace-the-middle", "2 1 'C'"),
        ("insert-in-the-middle", "2 0 'C'"),
        ("replace-the-end", "2 100 'C'"),
        ("append", "5 0 '>>'"),
        ("append-far-behind", "1000 0 '>>'"),
        ("append-with-a-length", "5 7 '>>'"),
        ("overflowing", "4294967295 4294967295 '>>'"),
        ("nothing-at-all", "0 0 ''"),
    ];
    for (name, range) in replacements {
        let program = format!(
            "
            request_headers:
              remove_header_map_value 0 'content-length'
            request_body 1:
              set_buffer_bytes 0 {range}
              get_buffer_bytes 0 0 100 &bytes
            response_headers:
              remove_header_map_value 2 'content-length'
            response_body 1:
              set_buffer_bytes 1 {range}
              get_buffer_bytes 1 0 100 &bytes
            "
        );
        all.push(case(&format!("bodies/{name}"), &program).then("").post("/echo", "abcde"));
    }
    all
}

fn reading() -> Case {
    case(
        "bodies/reading",
        "
        request_body 1:
          get_buffer_bytes 0 0 5 &bytes
          get_buffer_bytes 0 0 100 &bytes
          get_buffer_bytes 0 2 2 &bytes
          get_buffer_bytes 0 4 100 &bytes
          get_buffer_bytes 0 5 1 &bytes
          get_buffer_bytes 0 100 1 &bytes
          get_buffer_bytes 0 0 0 &bytes
          get_buffer_bytes 0 1 4294967295 &bytes
          get_buffer_bytes 0 4294967295 1 &bytes
          get_buffer_bytes 0 4294967295 4294967295 &bytes
        ",
    )
    .post("/echo", "abcde")
}

fn status() -> Case {
    case(
        "bodies/status",
        "
        request_headers:
          get_buffer_status 0 &number &number
        request_body:
          get_buffer_status 0 &number &number
          get_buffer_status 1 &number &number
        response_body:
          get_buffer_status 1 &number &number
        log:
          get_buffer_status 0 &number &number
          get_buffer_status 7 &number &number
          get_buffer_status 9 &number &number
        ",
    )
    .post("/echo", "abcde")
}

fn small() -> Case {
    case(
        "bodies/end-of-stream-without-bytes",
        "
        request_headers:
          remove_header_map_value 0 'content-length'
        request_body end:
          get_buffer_bytes 0 0 10 &bytes
          set_buffer_bytes 0 0 0 'tail'
          get_buffer_bytes 0 0 10 &bytes
        response_headers:
          remove_header_map_value 2 'content-length'
        response_body end:
          get_buffer_bytes 1 0 10 &bytes
          set_buffer_bytes 1 0 0 'tail'
          get_buffer_bytes 1 0 10 &bytes
        ",
    )
    .post("/echo", "abcde")
}

fn out_of_phase() -> Case {
    case(
        "bodies/out-of-phase",
        "
        request_headers:
          get_buffer_bytes 0 0 10 &bytes
          get_buffer_bytes 1 0 10 &bytes
          set_buffer_bytes 0 0 0 'x'
          set_buffer_bytes 1 0 0 'x'
        request_body 1:
          get_buffer_bytes 1 0 10 &bytes
          set_buffer_bytes 1 0 0 'x'
        response_headers:
          get_buffer_bytes 0 0 10 &bytes
          set_buffer_bytes 0 0 0 'x'
        response_body 1:
          get_buffer_bytes 0 0 10 &bytes
          set_buffer_bytes 0 0 0 'x'
        ",
    )
    .post("/echo", "abcde")
}

fn const_buffers() -> Case {
    case(
        "bodies/buffers-that-cannot-be-changed",
        "
        configure:
          get_buffer_bytes 7 0 11 &bytes
          get_buffer_bytes 6 0 11 &bytes
          set_buffer_bytes 7 0 0 'x'
          set_buffer_bytes 6 0 0 'x'
        request_headers:
          get_buffer_bytes 7 0 11 &bytes
          get_buffer_bytes 6 0 11 &bytes
          set_buffer_bytes 7 0 0 'x'
          set_buffer_bytes 6 0 0 'x'
          get_buffer_bytes 2 0 11 &bytes
          get_buffer_bytes 3 0 11 &bytes
          get_buffer_bytes 4 0 11 &bytes
          get_buffer_bytes 5 0 11 &bytes
          get_buffer_bytes 8 0 11 &bytes
          get_buffer_bytes 9 0 11 &bytes
          set_buffer_bytes 2 0 0 'x'
          set_buffer_bytes 4 0 0 'x'
          set_buffer_bytes 8 0 0 'x'
          set_buffer_bytes 9 0 0 'x'
        ",
    )
    .option(serde_json::json!({"vm_config": {"configuration": {
        "@type": "type.googleapis.com/google.protobuf.StringValue", "value": "of the VM"}}}))
    .get("/echo")
}

fn addresses() -> Case {
    case(
        "bodies/wrong-addresses",
        "
        request_body 1:
          get_buffer_bytes 0 0 5 4294967280 4294967284
          get_buffer_bytes 0 0 5 0 0
          set_buffer_bytes 0 0 0 4294967280 16
          set_buffer_bytes 0 0 0 4294967280 0
          get_buffer_status 0 4294967295 4294967295
        ",
    )
    .post("/echo", "abcde")
}
