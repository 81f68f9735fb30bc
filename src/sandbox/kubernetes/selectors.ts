import type { SandboxRequest } from "../service.ts";
import type { KubernetesObject } from "../world.ts";
import { badRequest } from "./status.ts";

/*
 * Label and field selectors of lists and watches.
 * Syntax: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#api
 */

/** Whether an object is meant. */
export type Selector = (object: KubernetesObject) => boolean;

/** A field selector of one resource: the value of each field that can be selected on. */
export type SelectableFields = (object: KubernetesObject) => Readonly<Record<string, string>>;

const requirement =
  /^\s*(?:(?<not>!)?\s*(?<key>[\w./-]+)\s*(?:(?<operator>==|=|!=|\s(?:notin|in)(?=[\s(]))\s*(?<value>\([^()]*\)|[^(),\s]*))?)\s*$/;

/**
 * What the request's `labelSelector` and `fieldSelector` select, both together.
 * @throws StatusError 400 when one cannot be parsed or a field cannot be selected on
 */
export function requestSelector(request: SandboxRequest, fields: SelectableFields): Selector {
  const byLabels = labelSelector(request.query.get("labelSelector") ?? "");
  const byFields = fieldSelector(request.query.get("fieldSelector") ?? "", fields);
  return (object) => byLabels(object) && byFields(object);
}

/** Whether the request selects at all. */
export function selects(request: SandboxRequest): boolean {
  return Boolean(request.query.get("labelSelector")) || Boolean(request.query.get("fieldSelector"));
}

/** Splits at commas outside of parentheses. */
function terms(selector: string): string[] {
  return selector.split(/,(?![^(]*\))/).filter((term) => term.trim() !== "");
}

function labelSelector(text: string): Selector {
  const tests = terms(text).map((term) => {
    const groups = requirement.exec(term)?.groups;
    const key = groups?.["key"];
    if (!groups || !key) {
      throw badRequest(`unable to parse requirement: found '${term.trim()}', expected: identifier`);
    }
    return labelTest(key, groups["not"] !== undefined, groups["operator"]?.trim(), groups["value"] ?? "");
  });
  return ({ metadata }) => tests.every((test) => test(metadata.labels ?? {}));
}

type LabelTest = (labels: Readonly<Record<string, string>>) => boolean;

function labelTest(key: string, negated: boolean, operator: string | undefined, value: string): LabelTest {
  const values = value
    .replaceAll(/[()]/g, "")
    .split(",")
    .map((one) => one.trim());
  switch (operator) {
    case "=":
    case "==":
    case "in":
      return (labels) => values.includes(labels[key] ?? "") && Object.hasOwn(labels, key);
    case "!=":
    case "notin":
      return (labels) => !Object.hasOwn(labels, key) || !values.includes(labels[key] ?? "");
    case undefined:
    default:
      return (labels) => Object.hasOwn(labels, key) !== negated;
  }
}

function fieldSelector(text: string, fields: SelectableFields): Selector {
  const tests = terms(text).map((term) => {
    const match = /^([^=!]+)(==|=|!=)(.*)$/.exec(term);
    const [, field, operator, value] = match ?? [];
    if (field === undefined || value === undefined) {
      throw badRequest(`invalid field selector: invalid selector: '${text}'; can't understand '${term}'`);
    }
    return (object: KubernetesObject) => (fields(object)[field] === value) === (operator !== "!=");
  });
  for (const term of terms(text)) {
    const field = /^[^=!]+/.exec(term)?.[0] ?? "";
    if (!Object.hasOwn(fields(emptyObject), field)) {
      throw badRequest(`field label not supported: ${field}`);
    }
  }
  return (object) => tests.every((test) => test(object));
}

const emptyObject: KubernetesObject = {
  apiVersion: "",
  kind: "",
  metadata: { name: "", uid: "", resourceVersion: "", creationTimestamp: "" },
};
