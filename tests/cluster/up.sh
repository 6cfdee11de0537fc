#!/usr/bin/env bash
# Starts a real Kubernetes of one node on this machine, with the tests' workloads on it, and prints an administrator's
# kubeconfig on its last line. Root on Debian 12; no Docker, no systemd, no image registry. About half a minute, and once
# before that about 6 minutes to build it. One machine runs one such cluster: one that is there is replaced.
# Usage: up.sh [STATE_DIR]      default /tmp/portolan-cluster; down.sh takes it down
#        up.sh --made-from      prints a hash of what a cluster is made from; a running one has its own in STATE_DIR/made-from
#
# STATE_DIR then holds
#   admin.kubeconfig     the cluster as it is, v1.20: port-forward over SPDY and v4 WebSockets, Endpoints
#   front.kubeconfig     the same cluster as a newer one looks: the WebSocket tunnel, EndpointSlice v1
#   viewer.kubeconfig    the first, for somebody who may only forward, in the namespace shop (manifests/rbac.yaml);
#                        creator and getter may do so by one verb each: SPDY's, and the WebSockets'; least has what kubectl needs
#   kubectl, log/NAME.log, pid/NAME
#
# The node is a network namespace and a mount namespace. It has no way out: no default route, and so no rule on this machine.
set -euo pipefail
# shellcheck source=node.sh
. "$(dirname "$0")/node.sh"
made_from() { cat "$here"/*.sh "$here"/*.c "$here"/front/* "$here"/manifests/* | sha256sum | cut -c1-16; }
if [ "${1:-}" = --made-from ]; then made_from; exit; fi

[ "$(id -u)" = 0 ] || die "Starting a node takes root: namespaces, mounts and control groups." \
  "Run this again as root, or set PORTOLAN_TEST_KUBECONFIG to the kubeconfig of any cluster to test on that one."
is_debian 12 || die "The test cluster is built from Debian 12's packages, and this is another system." \
  "Set PORTOLAN_TEST_KUBECONFIG to the kubeconfig of any cluster (kind, k3s) to test on that one instead."
if [ ! -e "$state/.portolan-cluster" ] && [ -e "$state" ] && ! rmdir "$state" 2>/dev/null; then
  die "$state is there already and holds something that is not a test cluster." "Name another folder: up.sh STATE_DIR"
fi
need_packages etcd-server containerd runc containernetworking-plugins iptables conntrack iproute2 openssl util-linux procps
kubernetes=$("$here/build-kubernetes.sh" | tail -n 1)
front=$("$here/build-front.sh" | tail -n 1)

"$here/down.sh" "$state"
mkdir -p "$(dirname "$state")"
mkdir -m 700 "$state" # fails if somebody was faster, so that in /tmp nobody else's folder is ever used
touch "$state/.portolan-cluster"
echo "$state" > $record
mkdir "$state"/{node,parts,log,pid,pki,conf,cni,images}
ln -s "$front/kubectl" "$state/kubectl"
export KUBECACHEDIR=$state/kubectl-cache # not in the home folder
admin() { "$state/kubectl" --kubeconfig "$state/admin.kubeconfig" "$@"; }
images=''
finish() {
  [ $? != 0 ] || return 0
  # It still writes into the folder, and whoever clears that away next must come after it.
  if [ -n "$images" ]; then wait "$images" || true; fi
  say "The test cluster did not start. Its logs are in $state/log; to clear it away: tests/cluster/down.sh $state"
}
trap finish EXIT
until_up() { # NAME SECONDS COMMAND...
  local name=$1 limit=$2; shift 2
  wait_until "$limit" "$name to answer" "$@" || { say "The end of its log:"; tail -n 15 "$state/log/$name.log" >&2; return 1; }
}
"$here/image.sh" "$state/images" & images=$!

# -- the node itself
ip netns add $node
ip link add portolan0 type veth peer name eth0 netns $node
ip addr add $host_ip/30 dev portolan0
ip link set portolan0 up
ip -n $node link set lo up
ip -n $node addr add $node_ip/30 dev eth0
ip -n $node link set eth0 up
# A Service's address needs a route before kube-proxy's rules rewrite it. On the link: nobody answers for one they do not know.
ip -n $node route add $services dev eth0
nsenter --net=/run/netns/$node sysctl -qw net.ipv4.ip_forward=1
# A mount namespace is kept by a file, and that file's own mount must not spread.
mount --bind "$state/node" "$state/node"
mount --make-private "$state/node"
touch "$state/node/mounts"
# shellcheck disable=SC2086 # a list
mkdir -p $private
# shellcheck disable=SC2016,SC2086
unshare --mount="$state/node/mounts" --propagation private sh -ec '
  state=$1; shift
  for folder in "$@"; do mkdir -p "$state/node$folder"; mount --bind "$state/node$folder" "$folder"; done
  mount --make-rshared /' sh "$state" $private

# -- keys
key=(-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes)
openssl req -x509 "${key[@]}" -days 3650 -keyout "$state/pki/ca.key" -out "$state/pki/ca.crt" -subj /CN=portolan-test 2>/dev/null
openssl ecparam -genkey -name prime256v1 -noout -out "$state/pki/accounts.key"
certify() { # NAME SUBJECT [ALTERNATIVE_NAMES]
  openssl req "${key[@]}" -keyout "$state/pki/$1.key" -out "$state/pki/$1.csr" -subj "$2" 2>/dev/null
  # The extensions make it X.509 version 3; rustls takes no older one.
  openssl x509 -req -in "$state/pki/$1.csr" -CA "$state/pki/ca.crt" -CAkey "$state/pki/ca.key" -CAcreateserial -days 3650 \
    -out "$state/pki/$1.crt" -extfile <(printf 'basicConstraints=CA:FALSE\n%s' "${3:+subjectAltName=$3}") 2>/dev/null
}
kubeconfig() { # FILE CONTEXT USER PORT
  cat > "$state/$1.kubeconfig" <<END
apiVersion: v1
kind: Config
clusters:
- {name: $2, cluster: {server: "https://$node_ip:$4", certificate-authority-data: $(base64 -w0 "$state/pki/ca.crt")}}
users:
- {name: $3, user: {client-certificate-data: $(base64 -w0 "$state/pki/$3.crt"), client-key-data: $(base64 -w0 "$state/pki/$3.key")}}
contexts:
- {name: $2, context: {cluster: $2, user: $3}}
current-context: $2
END
}
certify apiserver /CN=kube-apiserver "IP:$node_ip,IP:127.0.0.1,IP:10.96.0.1,DNS:localhost,DNS:kubernetes.default.svc"
certify kubelet /O=system:nodes/CN=system:node:node1 "IP:$node_ip,DNS:node1"
certify admin /O=system:masters/CN=admin
for user in viewer creator getter least; do certify $user /CN=$user; done
certify controllers /CN=system:kube-controller-manager
certify scheduler /CN=system:kube-scheduler
certify proxy /CN=system:kube-proxy
kubeconfig admin plain admin 6443
kubeconfig front front admin 6444
for user in viewer creator getter least; do kubeconfig $user $user $user 6443; done
for user in kubelet controllers scheduler proxy; do kubeconfig conf/$user node $user 6443; done

# -- the control plane
part etcd etcd --data-dir "$state/etcd" --listen-client-urls http://127.0.0.1:2379 --advertise-client-urls http://127.0.0.1:2379
part apiserver "$kubernetes/kube-apiserver" --etcd-servers=http://127.0.0.1:2379 \
  --secure-port=6443 --advertise-address=$node_ip --service-cluster-ip-range=$services \
  --tls-cert-file="$state/pki/apiserver.crt" --tls-private-key-file="$state/pki/apiserver.key" --client-ca-file="$state/pki/ca.crt" \
  --kubelet-client-certificate="$state/pki/admin.crt" --kubelet-client-key="$state/pki/admin.key" \
  --kubelet-certificate-authority="$state/pki/ca.crt" --kubelet-preferred-address-types=InternalIP \
  --service-account-issuer=https://kubernetes.default.svc --service-account-key-file="$state/pki/accounts.key" \
  --service-account-signing-key-file="$state/pki/accounts.key" --cert-dir="$state/pki/own" \
  --authorization-mode=Node,RBAC --enable-admission-plugins=NodeRestriction \
  --feature-gates=EndpointSliceTerminatingCondition=true

# -- containers, while that starts
cat > "$state/cni/10-bridge.conflist" <<END
{"cniVersion": "0.4.0", "name": "portolan", "plugins": [
  {"type": "bridge", "bridge": "cni0", "isGateway": true, "hairpinMode": true,
   "ipam": {"type": "host-local", "ranges": [[{"subnet": "$pods"}]], "routes": [{"dst": "0.0.0.0/0"}]}}]}
END
# restrict_oom_score_adj: where root lacks CAP_SYS_RESOURCE, the negative one that a pod asks for would be refused.
cat > "$state/conf/containerd.toml" <<END
version = 2
root = "$state/containerd"
state = "$state/node/run/containerd/state"
[grpc]
  address = "$state/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "registry.k8s.io/pause:3.2"
  stream_server_address = "127.0.0.1"
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "$state/cni"
END
part containerd containerd -c "$state/conf/containerd.toml"
until_up containerd 30 ctr -a "$state/containerd.sock" version
wait $images
for archive in "$state"/images/*.tar; do
  ctr -a "$state/containerd.sock" -n k8s.io images import "$archive" >/dev/null
done

# -- the rest
until_up apiserver 60 admin get --raw /readyz
part front "$front/front" -listen $node_ip:6444 -backend https://$node_ip:6443 -ca "$state/pki/ca.crt" \
  -cert "$state/pki/apiserver.crt" -key "$state/pki/apiserver.key" \
  -client-cert "$state/pki/admin.crt" -client-key "$state/pki/admin.key"
part controllers "$kubernetes/kube-controller-manager" --kubeconfig="$state/conf/controllers.kubeconfig" --leader-elect=false \
  --authentication-kubeconfig="$state/conf/controllers.kubeconfig" --authorization-kubeconfig="$state/conf/controllers.kubeconfig" \
  --service-account-private-key-file="$state/pki/accounts.key" --root-ca-file="$state/pki/ca.crt" \
  --use-service-account-credentials=true --cert-dir="$state/pki/own" --feature-gates=EndpointSliceTerminatingCondition=true
part scheduler "$kubernetes/kube-scheduler" --kubeconfig="$state/conf/scheduler.kubeconfig" --leader-elect=false
cat > "$state/conf/kubelet.yaml" <<END
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
cgroupDriver: cgroupfs
authentication: {anonymous: {enabled: false}, webhook: {enabled: true}, x509: {clientCAFile: $state/pki/ca.crt}}
authorization: {mode: Webhook}
tlsCertFile: $state/pki/kubelet.crt
tlsPrivateKeyFile: $state/pki/kubelet.key
failSwapOn: false
# A developer's disk may be nearly full, and images cannot be fetched again.
evictionHard: {nodefs.available: 1%, imagefs.available: 1%, memory.available: 50Mi}
imageGCHighThresholdPercent: 100
# No pod asks for a name, and each would be given a warning for having nobody to ask.
resolvConf: ""
clusterDNS: [10.96.0.10]
# The node is ready a second after its network is, not ten.
nodeStatusUpdateFrequency: 1s
END
part kubelet "$kubernetes/kubelet" --config="$state/conf/kubelet.yaml" --kubeconfig="$state/conf/kubelet.kubeconfig" \
  --hostname-override=node1 --node-ip=$node_ip --root-dir="$state/node/var/lib/kubelet" --cert-dir="$state/pki/own" \
  --volume-plugin-dir="$state/node/plugins" --container-runtime=remote \
  --container-runtime-endpoint="unix://$state/containerd.sock"
part proxy "$kubernetes/kube-proxy" --kubeconfig="$state/conf/proxy.kubeconfig" --hostname-override=node1 --proxy-mode=iptables \
  --cluster-cidr=$pods --conntrack-max-per-core=0

until_up kubelet 60 admin wait --for=condition=Ready node/node1 --timeout=5s
until_up front 20 "$state/kubectl" --kubeconfig "$state/front.kubeconfig" get --raw /readyz
KUBECTL=$state/kubectl "$here/apply.sh" "$state/admin.kubeconfig" >&2
web_answers() { (exec 3<>/dev/tcp/$node_ip/30080 && printf 'GET / HTTP/1.0\r\nConnection: close\r\n\r\n' >&3 && grep -q ^X-Pod: <&3); }
until_up proxy 30 web_answers
made_from > "$state/made-from"
echo "$state/admin.kubeconfig"
