#!/usr/bin/env bash
# Deploys an image to a kind cluster with Istio, asks its proxies, and rolls back.
# Usage: docs/live-cluster.sh IMAGE OTHER_IMAGE [PUBLIC_KEY]: two images of a plugin in a registry that the cluster can pull from.
# Needs docker, kind, istioctl, kubectl and `cargo mesh-filter`. The cluster is deleted at the end.
set -euo pipefail

image=${1:?the image to deploy first}
other=${2:?the image to deploy second}
verify=(--no-verify)
[[ $# -lt 3 ]] || verify=(--key "$3")

cluster=mesh-filter-$$
folder=$(mktemp -d)
export KUBECONFIG=$folder/config
trap 'kind delete cluster --name "$cluster"; rm -rf "$folder"' EXIT

kind create cluster --name "$cluster" --wait 120s
istioctl install --skip-confirmation --set profile=minimal
kubectl create namespace shop
kubectl label namespace shop istio-injection=enabled
kubectl --namespace shop create deployment cart --image=registry.k8s.io/e2e-test-images/agnhost:2.53 -- /agnhost netexec
kubectl --namespace shop rollout status deployment/cart --timeout=180s

cat >"$folder/plugin.yaml" <<END
apiVersion: extensions.istio.io/v1alpha1
kind: WasmPlugin
metadata: {name: live, namespace: shop}
spec:
  url: oci://$image
  selector: {matchLabels: {app: cart}}
END

cargo mesh-filter deploy "$folder/plugin.yaml" "${verify[@]}" --wait 120s
cargo mesh-filter deploy "$folder/plugin.yaml" --image "$other" "${verify[@]}" --wait 120s
cargo mesh-filter status live --namespace shop
cargo mesh-filter rollback live --namespace shop
cargo mesh-filter status live --namespace shop --wait 120s
cargo mesh-filter undeploy live --namespace shop
