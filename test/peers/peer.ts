import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/** A real client or server that tests hold the sandbox to, or a shell that runs a script of ours. */
export type Peer =
  | "az"
  | "kubectl"
  | "etcd"
  | "kube-apiserver"
  | "kube-controller-manager"
  | "kubelet"
  | "pause"
  | "containerd"
  | "ctr"
  | "runc"
  | "setpriv"
  | "unshare"
  | "skopeo"
  | "docker-registry"
  | "kubeseal"
  | "sops"
  | "age-keygen"
  | "zsh"
  | "fish";

/**
 * What `describe.skipIf` is given for tests that need these peers: whether one of them is not installed.
 * @throws Error when one is missing and TEST_REQUIRE_PEERS is set, so that no run is green for want of a peer
 */
export function lacks(...peers: readonly Peer[]): boolean {
  const missing = peers.filter((peer) => pathOf(peer) === undefined);
  if (missing.length > 0 && process.env["TEST_REQUIRE_PEERS"] !== undefined) {
    throw new Error(`TEST_REQUIRE_PEERS is set, and not installed: ${missing.join(", ")}`);
  }
  return missing.length > 0;
}

/** Where a peer lies, if it does. */
export function pathOf(peer: Peer): string | undefined {
  const paths = (process.env["PATH"] ?? "").split(delimiter).map((folder) => join(folder, peer));
  return paths.find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
