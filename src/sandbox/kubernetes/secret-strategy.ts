import { isDeepStrictEqual } from "node:util";
import type { KubernetesObject } from "../world.ts";
import { forbiddenField, invalidValue, required, tooLong, type FieldError } from "./field-error.ts";
import { isJsonObject, objectAt, textAt, tooDeepBracket, type JsonObject } from "./json.ts";
import { dataKeyErrors } from "./metadata-validation.ts";
import type { ResourceStrategy } from "./resource-definition.ts";

/*
 * What the API server checks in secrets and config maps.
 * Source: https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/core/validation/validation.go (ValidateSecret,
 * ValidateSecretUpdate) and pkg/registry/core/secret/strategy.go
 */

const sizeLimit = 1024 * 1024;
const immutableDetail = "field is immutable when `immutable` is set";

/** The keys that a type requires. */
const requiredKeys: Readonly<Record<string, readonly string[]>> = {
  "kubernetes.io/dockerconfigjson": [".dockerconfigjson"],
  "kubernetes.io/dockercfg": [".dockercfg"],
  "kubernetes.io/tls": ["tls.crt", "tls.key"],
};

const jsonKeys = new Set([".dockerconfigjson", ".dockercfg"]);

/** Secrets. */
export const secretStrategy: ResourceStrategy = {
  prepareForCreate: (object) => withType(mergeStringData(object), "Opaque"),
  prepareForUpdate: (object) => withType(mergeStringData(object), "Opaque"),
  validate: validateSecret,
  validateUpdate: (object, previous) => [
    ...(object["type"] === previous["type"]
      ? []
      : [invalidValue("type", object["type"], "field is immutable")]),
    ...immutabilityErrors(object, previous, ["data"]),
  ],
};

/** Config maps. */
export const configMapStrategy: ResourceStrategy = {
  prepareForCreate: (object) => object,
  prepareForUpdate: (object) => object,
  validate: (object) => [
    ...dataKeyErrors("data", objectAt(object, "data")),
    ...Object.keys(objectAt(object, "data"))
      .filter((key) => Object.hasOwn(objectAt(object, "binaryData"), key))
      .map((key) => invalidValue(`data[${key}]`, key, "duplicate of key present in binaryData")),
    ...dataKeyErrors("binaryData", objectAt(object, "binaryData")),
    ...(sizeOf(objectAt(object, "data"), "utf8") + sizeOf(objectAt(object, "binaryData"), "base64") >
    sizeLimit
      ? [tooLong("", sizeLimit)]
      : []),
  ],
  validateUpdate: (object, previous) => immutabilityErrors(object, previous, ["data", "binaryData"]),
};

function immutabilityErrors(
  object: KubernetesObject,
  previous: KubernetesObject,
  fields: readonly string[],
): FieldError[] {
  if (previous["immutable"] !== true) {
    return [];
  }
  return [
    ...(object["immutable"] === true ? [] : [forbiddenField("immutable", immutableDetail)]),
    ...fields
      .filter((field) => !isDeepStrictEqual(object[field] ?? {}, previous[field] ?? {}))
      .map((field) => forbiddenField(field, immutableDetail)),
  ];
}

/** An absent or empty type becomes the default one, at the end, where the API shows it. */
function withType(object: KubernetesObject, usual: string): KubernetesObject {
  return object["type"] ? object : { ...object, type: usual };
}

/** `stringData` is write-only: it is merged over `data` and never kept. */
function mergeStringData(object: KubernetesObject): KubernetesObject {
  const { stringData, type, ...rest } = object;
  if (!isJsonObject(stringData)) {
    return object;
  }
  const encoded = Object.entries(stringData).map(([key, value]) => [
    key,
    Buffer.from(String(value)).toString("base64"),
  ]);
  const data: JsonObject = { ...objectAt(object, "data"), ...Object.fromEntries(encoded) };
  const inOrder = Object.keys(data).toSorted();
  return {
    ...rest,
    data: Object.fromEntries(inOrder.map((key) => [key, data[key]])),
    ...(type !== undefined && { type }),
  };
}

function sizeOf(data: JsonObject, encoding: BufferEncoding): number {
  return Object.values(data).reduce<number>(
    (total, value) => total + Buffer.byteLength(String(value), encoding),
    0,
  );
}

function validateSecret(object: KubernetesObject): FieldError[] {
  const data = objectAt(object, "data");
  const keys = requiredKeys[textAt(object, "type")] ?? [];
  return [
    ...dataKeyErrors("data", data),
    ...(sizeOf(data, "base64") > sizeLimit ? [tooLong("data", sizeLimit)] : []),
    ...keys.flatMap((key) => {
      const field = `data[${key}]`;
      if (!Object.hasOwn(data, key)) {
        return [required(field)];
      }
      const detail = jsonKeys.has(key) ? jsonObjectError(textAt(data, key)) : undefined;
      return detail === undefined ? [] : [invalidValue(field, "<secret contents redacted>", detail)];
    }),
    ...credentialErrors(object, data),
  ];
}

const accountAnnotation = "kubernetes.io/service-account.name";

/** The errors of types whose rules are more than a required key. */
function credentialErrors({ metadata, type }: KubernetesObject, data: JsonObject): FieldError[] {
  switch (type) {
    case "kubernetes.io/basic-auth": {
      const isEither = Object.hasOwn(data, "username") || Object.hasOwn(data, "password");
      return isEither ? [] : [required("data[username]"), required("data[password]")];
    }
    case "kubernetes.io/ssh-auth":
      return data["ssh-privatekey"] ? [] : [required("data[ssh-privatekey]")];
    case "kubernetes.io/service-account-token":
      return metadata.annotations?.[accountAnnotation]
        ? []
        : [required(`metadata.annotations[${accountAnnotation}]`)];
    default:
      return [];
  }
}

/** Why Go's decoder refuses the bytes as a JSON object, in its words; undefined if it does not. */
function jsonObjectError(base64: string): string | undefined {
  const text = Buffer.from(base64, "base64").toString("utf8");
  try {
    const value: unknown = JSON.parse(text);
    const huge = numbers(text).find((number) => !Number.isFinite(Number(number)));
    if (huge !== undefined) {
      return `json: cannot unmarshal number ${huge} into Go value of type float64`;
    }
    const bracket = tooDeepBracket(value);
    if (bracket !== undefined) {
      return `invalid character '${bracket}' exceeded max depth`;
    }
    if (isJsonObject(value) || value === null) {
      return undefined;
    }
    const is = Array.isArray(value) ? "array" : typeof value === "boolean" ? "bool" : typeof value;
    return `json: cannot unmarshal ${is} into Go value of type map[string]interface {}`;
  } catch (error) {
    const culprit = /Unexpected token '(.)'/su.exec(String(error))?.[1];
    return culprit === undefined
      ? "unexpected end of JSON input"
      : `invalid character '${culprit}' looking for beginning of value`;
  }
}

/** The numbers in a JSON text, as they are written. */
function numbers(json: string): string[] {
  const withoutTexts = json.replaceAll(/"[^"\\]*(?:\\.[^"\\]*)*"/gs, '""');
  return withoutTexts.match(/-?\d[\d.eE+-]*/g) ?? [];
}
