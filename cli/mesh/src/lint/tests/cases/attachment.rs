//! Which proxies a plugin is for.

use super::*;

pub(super) fn cases() -> Vec<Case> {
    let gateway =
        |class: &str| other("Gateway", "gate", "shop", &format!("spec: {{gatewayClassName: {class}}}"));
    let target = |kind: &str, name: &str, rest: &str| {
        plugin(&format!("targetRefs: [{{kind: {kind}, name: {name}}}]\n{rest}"))
    };
    let by_label = || plugin("selector: {matchLabels: {gateway.networking.k8s.io/gateway-name: gate}}");
    let workload = |labels: &str| {
        other(
            "Deployment",
            "cart",
            "shop",
            &format!("spec: {{template: {{metadata: {{labels: {{{labels}}}}}}}}}"),
        )
    };
    let service = |labels: &str| {
        let service = "---\napiVersion: v1\nkind: Service\nmetadata: {name: cart, namespace: shop, labels: {L}}\nspec: {ports: [{port: 80, targetPort: 8080}]}\n";
        service.replace("{L}", labels) + "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n"
    };
    vec![
        found("L11", plugin("selector: {}")),
        found(
            "L11",
            plugin("selector: {matchLabels: {}}").replace("namespace: shop", "namespace: istio-system"),
        ),
        with(silent("L11", plugin("selector: {}")), |facts| facts.mesh_wide = true),
        silent("L11", plugin("")),
        silent("L11", target("Gateway", "gate", "")),
        found("L12", by_label() + &gateway("istio-waypoint")),
        found("L12", by_label()),
        found("L12", plugin("") + &workload("app: cart, gateway.networking.k8s.io/gateway-name: gate")),
        found("L12", target("Deployment", "cart", "")),
        found("L12", target("GatewayClass", "istio-waypoint", "")),
        found("L12", target("Service", "cart", "") + &service("{}")),
        silent("L12", target("Service", "cart", "") + &service("{istio.io/use-waypoint: w}")),
        silent("L12", target("Gateway", "gate", "") + &gateway("istio-waypoint")),
        silent("L12", plugin("") + &workload("app: cart")),
        found("L22", target("Gateway", "gate", "match: [{mode: SERVER}]") + &gateway("istio")),
        found("L22", target("Gateway", "gate", "match: [{mode: CLIENT}]") + &gateway("istio-waypoint")),
        found("L22", target("Service", "cart", "match: [{ports: [{number: 80}]}]")),
        found("L22", plugin("match: [{mode: SERVER, ports: [{number: 80}]}]") + &service("{}")),
        found("L22", plugin("match: [{mode: CLIENT, ports: [{number: 8080}]}]") + &service("{}")),
        silent("L22", plugin("match: [{mode: SERVER, ports: [{number: 8080}]}]") + &service("{}")),
        silent("L22", target("Gateway", "gate", "match: [{mode: SERVER}]") + &gateway("istio-waypoint")),
        silent(
            "L22",
            target("Gateway", "gate", "match: [{mode: CLIENT, ports: [{number: 443}]}]") + &gateway("istio"),
        ),
    ]
}
