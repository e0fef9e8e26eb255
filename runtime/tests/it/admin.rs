//! The admin pages.

use crate::support::{Peer, address, answering, proxy};
use mesh_filter_runtime::proxy::Server;
use std::net::SocketAddr;

fn served() -> (Server, SocketAddr) {
    let endpoint = answering("ok");
    let server = proxy(&[r#"{match: {path: "/up"}, route: {cluster: up}}"#], &[("up", &[endpoint], false)]);
    let mut client = Peer::connect(address(&server));
    assert_eq!(client.get("/up").0, 200);
    assert_eq!(client.get("/nowhere").0, 404);
    let admin = server.admin_address().unwrap();
    (server, admin)
}

fn page(admin: SocketAddr, method: &str, path: &str) -> (u16, String) {
    let mut client = Peer::connect(admin);
    client.send(&format!("{method} {path} HTTP/1.1\r\nhost: admin\r\n\r\n"));
    let (status, _, body) = client.response();
    (status, body)
}

#[test]
fn pages_tell_state_listeners_clusters_and_configuration() {
    let (server, admin) = served();
    assert_eq!(page(admin, "GET", "/ready"), (200, "LIVE\n".to_owned()));
    assert_eq!(page(admin, "GET", "/listeners").1, format!("main::{}\n", address(&server)));
    assert!(page(admin, "GET", "/listeners?format=json").1.contains(r#""name": "main""#));
    assert!(page(admin, "GET", "/clusters").1.contains("::rq_total::1\n"));
    assert!(page(admin, "GET", "/config_dump").1.contains("BootstrapConfigDump"));
    assert!(page(admin, "GET", "/server_info").1.contains(r#""state": "LIVE""#));
    assert!(page(admin, "GET", "/").1.contains("/stats"));
    assert_eq!(page(admin, "GET", "/nowhere").0, 404);
}

#[test]
fn numbers_stand_as_text_json_and_for_prometheus() {
    let (_server, admin) = served();
    let (_, text) = page(admin, "GET", "/stats");
    for line in [
        "http.main.downstream_rq_total: 2",
        "http.main.downstream_rq_2xx: 1",
        "http.main.downstream_rq_4xx: 1",
        "http.main.no_route: 1",
        "cluster.up.upstream_rq_total: 1",
        "cluster.up.upstream_rq_2xx: 1",
        "cluster.up.upstream_rq_active: 0",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} in\n{text}");
    }
    let (_, json) = page(admin, "GET", "/stats?filter=cluster.up.upstream_rq_2xx&format=json");
    assert_eq!(json, r#"{"stats":[{"name":"cluster.up.upstream_rq_2xx","value":1}]}"#);
    let (_, prometheus) = page(admin, "GET", "/stats/prometheus");
    let line = r#"envoy_cluster_upstream_rq_xx{envoy_response_code_class="2",envoy_cluster_name="up"} 1"#;
    assert!(prometheus.contains(line), "{prometheus}");
}

#[test]
fn log_levels_are_changed_by_post_alone() {
    let (_server, admin) = served();
    assert_eq!(page(admin, "GET", "/logging?wasm=debug").0, 405);
    let (status, text) = page(admin, "POST", "/logging?wasm=debug");
    assert!(status == 200 && text.contains("  wasm: debug\n") && text.contains("  main: info\n"), "{text}");
    assert!(page(admin, "POST", "/logging?level=error").1.contains("  main: error\n"));
    assert_eq!(page(admin, "POST", "/logging?nobody=debug").0, 400);
    assert_eq!(page(admin, "POST", "/logging?wasm=loud").0, 400);
}

#[test]
fn quitquitquit_ends_the_proxy() {
    let (server, admin) = served();
    assert_eq!(page(admin, "POST", "/quitquitquit").0, 200);
    server.wait().unwrap();
}
