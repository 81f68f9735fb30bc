import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/** A real client or server that tests compare the sandbox with, or a shell that runs one of acr-pull's scripts. */
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
  | "kustomize-controller"
  | "sealed-secrets-controller"
  | "zsh"
  | "fish";

/**
 * Whether one of these peers is not installed, for `describe.skipIf`.
 * @throws Error if one is missing and TEST_REQUIRE_PEERS is set, so that no run passes only because a peer is missing
 */
export function lacks(...peers: readonly Peer[]): boolean {
  const missing = peers.filter((peer) => pathOf(peer) === undefined);
  if (missing.length > 0 && process.env["TEST_REQUIRE_PEERS"] !== undefined) {
    throw new Error(`TEST_REQUIRE_PEERS is set, and not installed: ${missing.join(", ")}`);
  }
  return missing.length > 0;
}

/**
 * Whether the tests do not run as root, which some peers need, for `describe.skipIf`.
 * @throws Error if they do not and TEST_REQUIRE_PEERS is set
 */
export function lacksRoot(): boolean {
  const isRoot = process.getuid?.() === 0;
  if (!isRoot && process.env["TEST_REQUIRE_PEERS"] !== undefined) {
    throw new Error("TEST_REQUIRE_PEERS is set, and some peers need root");
  }
  return !isRoot;
}

/** The path of a peer. Undefined if it is not installed. */
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
