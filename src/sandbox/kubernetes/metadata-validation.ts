import type { KubernetesObject } from "../world.ts";
import { forbiddenField, invalidValue, required, tooLong, type FieldError } from "./field-error.ts";

/*
 * Names, labels and annotations.
 * Source: https://github.com/kubernetes/apimachinery/blob/master/pkg/util/validation/validation.go
 */

const labelPattern = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const subdomainPattern = `${labelPattern}(\\.${labelPattern})*`;
const qualifiedPattern = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
const valuePattern = `(${qualifiedPattern})?`;

const annotationsLimit = 256 * 1024;

/** What is wrong with a value; empty when nothing is. */
export type NameRule = (name: string) => string[];

function matches(pattern: string, value: string): boolean {
  return new RegExp(`^(?:${pattern})$`).test(value);
}

/** The names of namespaces. */
export const dnsLabel: NameRule = (name) => [
  ...(name.length > 63 ? ["must be no more than 63 characters"] : []),
  ...(matches(labelPattern, name)
    ? []
    : [
        "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and " +
          "end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is " +
          `'${labelPattern}')`,
      ]),
];

/** The names of everything else. */
export const dnsSubdomain: NameRule = (name) => [
  ...(name.length > 253 ? ["must be no more than 253 characters"] : []),
  ...(matches(subdomainPattern, name)
    ? []
    : [
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must " +
          "start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is " +
          `'${subdomainPattern}')`,
      ]),
];

function qualifiedName(key: string): string[] {
  const parts = key.split("/");
  const [prefix, name = ""] = parts.length === 2 ? parts : [undefined, key];
  const prefixErrors =
    prefix === undefined ? [] : dnsSubdomain(prefix).map((error) => `prefix part ${error}`);
  if (name.length > 63) {
    return [...prefixErrors, "name part must be no more than 63 characters"];
  }
  return parts.length <= 2 && matches(qualifiedPattern, name)
    ? prefixErrors
    : [
        ...prefixErrors,
        "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an " +
          "alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is " +
          `'${qualifiedPattern}')`,
      ];
}

function labelValue(value: string): string[] {
  return [
    ...(value.length > 63 ? ["must be no more than 63 characters"] : []),
    ...(matches(valuePattern, value)
      ? []
      : [
          "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must " +
            "start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used " +
            `for validation is '${valuePattern}')`,
        ]),
  ];
}

/** Keys of a secret's or config map's data. */
export function dataKeyErrors(field: string, data: Readonly<Record<string, unknown>>): FieldError[] {
  return Object.keys(data)
    .filter((key) => !matches("[-._a-zA-Z0-9]+", key) || key.length > 253 || [".", ".."].includes(key))
    .map((key) =>
      invalidValue(
        `${field}[${key}]`,
        key,
        "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or " +
          "'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
      ),
    );
}

/** Everything that is wrong with an object's metadata. */
export function metadataErrors({ metadata }: KubernetesObject, nameRule: NameRule): FieldError[] {
  const labels = Object.entries(metadata.labels ?? {});
  const annotations = Object.entries(metadata.annotations ?? {});
  const size = annotations.reduce(
    (total, [key, value]) => total + Buffer.byteLength(key) + Buffer.byteLength(value),
    0,
  );
  return [
    ...(metadata.name
      ? nameRule(metadata.name).map((detail) => invalidValue("metadata.name", metadata.name, detail))
      : [required("metadata.name", "name or generateName is required")]),
    ...labels.flatMap(([key, value]) => [
      ...qualifiedName(key).map((detail) => invalidValue("metadata.labels", key, detail)),
      ...labelValue(value).map((detail) => invalidValue("metadata.labels", value, detail)),
    ]),
    ...annotations.flatMap(([key]) =>
      qualifiedName(key.toLowerCase()).map((detail) => invalidValue("metadata.annotations", key, detail)),
    ),
    ...(size > annotationsLimit ? [tooLong("metadata.annotations", annotationsLimit)] : []),
    ...(metadata.finalizers ?? []).flatMap((name) =>
      qualifiedName(name).map((detail) => invalidValue("metadata.finalizers", name, detail)),
    ),
  ];
}

/** What an update may not do to metadata. */
export function metadataUpdateErrors(object: KubernetesObject, previous: KubernetesObject): FieldError[] {
  const before = previous.metadata.finalizers ?? [];
  const added = (object.metadata.finalizers ?? []).filter((one) => !before.includes(one));
  return [
    ...(object.metadata.name === previous.metadata.name
      ? []
      : [invalidValue("metadata.name", object.metadata.name, "field is immutable")]),
    ...(previous.metadata.deletionTimestamp && added.length > 0
      ? [
          forbiddenField(
            "metadata.finalizers",
            `no new finalizers can be added if the object is being deleted, found new finalizers ${goStrings(added)}`,
          ),
        ]
      : []),
  ];
}

function goStrings(values: readonly string[]): string {
  return `[]string{${values.map((value) => JSON.stringify(value)).join(", ")}}`;
}
