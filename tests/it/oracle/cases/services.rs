//! What a plugin gets beside the exchange: metrics, shared data, ticks, clocks, logs.

use serde_json::json;

use super::super::case::{Case, Ends, case};

pub(super) fn cases() -> Vec<Case> {
    let mut all = metrics();
    all.extend(shared_data());
    all.extend(time());
    all
}

fn metrics() -> Vec<Case> {
    vec![
        case(
            "metrics/numbers",
            "
            request_headers:
              define_metric 0 'oracle_numbers.counter' &number
              define_metric 1 'oracle_numbers.gauge' &number
              define_metric 2 'oracle_numbers.histogram' &number
              define_metric 0 'oracle_numbers.second' &number
              define_metric 1 'oracle_numbers.third' &number
              define_metric 0 'oracle_numbers.counter' &number
              define_metric 1 'oracle_numbers.counter' &number
              define_metric 3 'oracle_numbers.wrong' &number
              define_metric -1 'oracle_numbers.wrong' &number
              define_metric 0 '' &number
              define_metric 0 'oracle_numbers.x' 4294967295
            ",
        )
        .get("/direct"),
        case(
            "metrics/counter",
            "
            request_headers:
              define_metric 0 'oracle_counter.a' &number=a
              increment_metric $a 2
              increment_metric $a 0
              increment_metric $a -1
              get_metric $a &long
              record_metric $a 10
              get_metric $a &long
              define_metric 0 'oracle_counter.a' &number=b
              increment_metric $b 1
              get_metric $a &long
              get_metric $b &odd
            ",
        )
        .metrics("wasmcustom.oracle_counter")
        .get("/direct"),
        case(
            "metrics/gauge",
            "
            request_headers:
              define_metric 1 'oracle_gauge.a' &number=a
              increment_metric $a 5
              get_metric $a &long
              increment_metric $a -2
              get_metric $a &long
              increment_metric $a -10
              get_metric $a &long
              record_metric $a 7
              get_metric $a &long
              increment_metric $a 0
              get_metric $a &long
            ",
        )
        .metrics("wasmcustom.oracle_gauge")
        .get("/direct"),
        case(
            "metrics/histogram",
            "
            request_headers:
              define_metric 2 'oracle_histogram.a' &number=a
              record_metric $a 5
              increment_metric $a 1
              get_metric $a &long
            ",
        )
        .get("/direct"),
        case(
            "metrics/unknown-numbers",
            "
            request_headers:
              get_metric 0 &long
              get_metric 4 &long
              get_metric 5 &long
              get_metric 6 &long
              get_metric 7 &long
              increment_metric 4 1
              increment_metric 5 1
              increment_metric 6 1
              increment_metric 7 1
              record_metric 4 1
              record_metric 5 1
              record_metric 6 1
              record_metric 7 1
              define_metric 0 'oracle_unknown.a' &number=a
              get_metric $a 4294967295
            ",
        )
        .get("/direct"),
        case(
            "metrics/of-a-later-stream",
            "
            request_headers 1:
              define_metric 0 'oracle_later.a' &number
              increment_metric 4 3
            log:
              get_metric 4 &long
            ",
        )
        .metrics("wasmcustom.oracle_later")
        .get("/direct")
        .get("/direct"),
    ]
}

fn shared_data() -> Vec<Case> {
    vec![
        case(
            "shared-data/compare-and-swap",
            "
            request_headers:
              get_shared_data 'oracle_cas' &bytes &number
              set_shared_data 'oracle_cas' 'one' 0
              get_shared_data 'oracle_cas' &bytes &number=cas
              set_shared_data 'oracle_cas' 'two' 1000000
              set_shared_data 'oracle_cas' 'two' $cas
              get_shared_data 'oracle_cas' &bytes &number
              set_shared_data 'oracle_cas' 'three' $cas
              set_shared_data 'oracle_cas' 'four' 0
              get_shared_data 'oracle_cas' &bytes &number
            ",
        )
        .get("/direct"),
        case(
            "shared-data/keys-and-values-of-nothing",
            "
            request_headers:
              set_shared_data 'oracle_nothing' '' 0
              get_shared_data 'oracle_nothing' &bytes &number
              set_shared_data '' 'no key' 0
              get_shared_data '' &bytes &number
              set_shared_data 'oracle_new_with_cas' 'x' 77
              get_shared_data 'oracle_new_with_cas' &bytes &number
              get_shared_data 'oracle_nothing' 4294967280 4294967284 &number
              get_shared_data 4294967280 16 &bytes &number
              set_shared_data 4294967280 16 'x' 0
            ",
        )
        .get("/direct"),
        case(
            "shared-data/between-streams",
            "
            request_headers 1:
              get_shared_data 'oracle_between' &bytes &number
              set_shared_data 'oracle_between' 'kept' 0
            ",
        )
        .get("/direct")
        .get("/direct"),
        case(
            "shared-data/between-plugins-of-one-vm-id",
            "
            request_headers:
              set_shared_data 'oracle_vm' 'from the first' 0
            ",
        )
        .then("request_headers:\n  get_shared_data 'oracle_vm' &bytes &number\n")
        .option(json!({"vm_config": {"vm_id": "shared-data/between-plugins-of-one-vm-id"}}))
        .get("/direct"),
        case("shared-data/not-between-vm-ids", "request_headers:\n  set_shared_data 'oracle_other' 'x' 0\n")
            .then("request_headers:\n  get_shared_data 'oracle_other' &bytes &number\n")
            .get("/direct"),
    ]
}

fn time() -> Vec<Case> {
    vec![
        case(
            "time/ticks-until-stopped",
            "
            configure:
              set_tick_period_milliseconds 1
            tick 3:
              set_tick_period_milliseconds 0
              log stopped
            ",
        )
        .ends(Ends::Line("stopped")),
        case(
            "time/stream-sets-the-tick-of-its-root",
            "
            request_headers:
              set_tick_period_milliseconds 1
            tick:
              set_tick_period_milliseconds 0
              get_header_map_value 0 ':path' &bytes
              log ticked
            ",
        )
        .ends(Ends::Line("ticked"))
        .get("/direct"),
        case(
            "time/clocks",
            "
            request_headers:
              get_current_time_nanoseconds 4294967295
              clock_time_get 2 0 &long
              clock_time_get 3 0 &long
              clock_res_get 0 &long
              clock_res_get 1 &long
              clock_res_get 2 &long
            ",
        )
        .get("/direct"),
        case(
            "log/levels",
            "
            request_headers:
              log 2 'info'
              log 3 'warn'
              log 4 'error'
              log 5 'critical'
              log 6 'beyond'
              log -1 'beyond'
              log 2 ''
              log 2 4294967280 16
              get_log_level &number
            ",
        )
        .get("/direct"),
        case(
            "log/standard-streams",
            "
            configure:
              print while it is configured
            request_headers:
              print on standard output
              print_error on standard error
              print
            log:
              print at the end
            ",
        )
        .get("/direct"),
        case(
            "wasi/refusals",
            "
            request_headers:
              fd_read 0 0 0 &number
              fd_read 7 0 0 &number
              fd_close 1
              fd_close 9
              fd_seek 1 0 0 &long
              fd_tell 1 &long
              fd_tell 9 &long
              fd_sync 1
              fd_sync 9
              fd_datasync 9
              fd_advise 1 0 0 0
              fd_fdstat_set_flags 1 0
              fd_prestat_get 3 &long
              fd_prestat_dir_name 3 0 0
              fd_readdir 3 0 0 0 &number
              fd_renumber 1 2
              path_open 3 0 'x' 0 0 0 0 &number
              path_create_directory 3 'x'
              path_unlink_file 3 'x'
              sock_shutdown 3 0
              sched_yield
              args_sizes_get &number &number
              environ_sizes_get &number &number
              random_get 4294967280 1000
              random_get 0 0
              random_get 0 100000
              poll_oneoff 0 0 0 &number
            ",
        )
        .get("/direct"),
    ]
}
