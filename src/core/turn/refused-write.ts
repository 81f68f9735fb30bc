import { hasCode, type ActionableError } from "../../domain/errors.ts";

/**
 * Whether a write was refused because of the very secret that it was for: what somebody did in one namespace, so that
 * another secret may be written all the same.
 */
export function isRefusedWrite(error: unknown): error is ActionableError {
  return hasCode(
    error,
    "kubernetes.forbidden",
    "kubernetes.invalid",
    "kubernetes.quota",
    "kubernetes.terminating",
    "kubernetes.not-found",
    "kubernetes.namespace-not-found",
  );
}
