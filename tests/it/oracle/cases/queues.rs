//! Shared queues: their tokens, their owners, and when those are told.

use super::super::case::{Case, Ends, case};

pub(super) fn cases() -> Vec<Case> {
    vec![
        case(
            "queues/tokens",
            "
            configure:
              register_shared_queue 'jobs' &number=jobs
              resolve_shared_queue '' 'jobs' &number
              resolve_shared_queue 'queues/tokens' 'jobs' &number
              resolve_shared_queue '' 'nothing' &number
              resolve_shared_queue 'other' 'jobs' &number
              register_shared_queue 'jobs' &number
              register_shared_queue '' &number
              enqueue_shared_queue 9999 'a'
              dequeue_shared_queue 9999 &bytes
              dequeue_shared_queue $jobs &bytes
            ",
        )
        .get("/direct"),
        case(
            "queues/owner-is-told-once-for-each",
            "
            configure:
              register_shared_queue 'jobs' &number=jobs
            request_headers:
              enqueue_shared_queue $jobs 'one'
              enqueue_shared_queue $jobs 'two'
              enqueue_shared_queue $jobs ''
              register_shared_queue 'jobs' &number
              get_status &number &bytes
              return 1
            queue_ready:
              get_property 'plugin_name' &bytes
              set_property 'a' 'b'
              dequeue_shared_queue $token &bytes
              get_status &number &bytes
            queue_ready 3:
              set_effective_context $stream
              continue_stream 0
            log:
              dequeue_shared_queue $jobs &bytes
            ",
        )
        .get("/echo"),
        case(
            "queues/of-another-vm",
            "
            configure:
              register_shared_queue 'jobs' &number=jobs
            queue_ready:
              dequeue_shared_queue $token &bytes
              log received
            ",
        )
        .then(
            "
            request_headers:
              resolve_shared_queue 'queues/of-another-vm' 'jobs' &number=there
              enqueue_shared_queue $there 'from elsewhere'
              dequeue_shared_queue 9999 &bytes
            ",
        )
        .ends(Ends::Line("received"))
        .get("/direct"),
        case(
            "queues/wrong-addresses",
            "
            request_headers:
              register_shared_queue 4294967280 16 &number
              register_shared_queue 'x' 4294967295
              resolve_shared_queue '' 4294967280 16 &number
              enqueue_shared_queue 1 4294967280 16
              dequeue_shared_queue 9999 4294967280 4294967284
            ",
        )
        .get("/direct"),
    ]
}
