import type { KubernetesObject } from "../world.ts";
import { forbiddenField, invalidValue, required, tooLong, type FieldError } from "./field-error.ts";
import { objectsAt, textAt, type JsonObject } from "./json.ts";

/*
 * Names, labels and annotations.
 * Source: https://github.com/kubernetes/apimachinery/blob/master/pkg/util/validation/validation.go
 */

const labelPattern = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const subdomainPattern = `${labelPattern}(\\.${labelPattern})*`;
const qualifiedPattern = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
const valuePattern = `(${qualifiedPattern})?`;

const annotationsLimit = 256 * 1024;

/** What is wrong with a value; empty if nothing is. */
export type NameRule = (name: string) => string[];

function matches(pattern: string, value: string): boolean {
  return new RegExp(`^(?:${pattern})$`).test(value);
}

/** The rule for names of namespaces and containers. */
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

/** The rule for names of everything else. */
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

const qualifiedRule =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character " +
  `(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '${qualifiedPattern}')`;

/** What is wrong with the key of a label or annotation. */
export function qualifiedName(key: string): string[] {
  const parts = key.split("/");
  if (parts.length > 2) {
    return [
      `a qualified name ${qualifiedRule} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ];
  }
  const [name = "", prefix] = parts.toReversed();
  return [
    ...(prefix === "" ? ["prefix part must be non-empty"] : []),
    ...(prefix ? dnsSubdomain(prefix).map((error) => `prefix part ${error}`) : []),
    ...(name === "" ? ["name part must be non-empty"] : []),
    ...(name.length > 63 ? ["name part must be no more than 63 characters"] : []),
    ...(matches(qualifiedPattern, name) ? [] : [`name part ${qualifiedRule}`]),
  ];
}

/** What is wrong with the value of a label. */
export function labelValue(value: string): string[] {
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

const dataKeyRule =
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or " +
  "'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";

function dataKey(key: string): string[] {
  return [
    ...(key.length > 253 ? ["must be no more than 253 characters"] : []),
    ...(matches("[-._a-zA-Z0-9]+", key) ? [] : [dataKeyRule]),
    ...([".", ".."].includes(key) ? [`must not be '${key}'`] : []),
    ...(key.startsWith("..") && key !== ".." ? ["must not start with '..'"] : []),
  ];
}

/** What is wrong with the keys of a secret's or config map's data. */
export function dataKeyErrors(field: string, data: Readonly<Record<string, unknown>>): FieldError[] {
  return Object.keys(data).flatMap((key) =>
    dataKey(key).map((detail) => invalidValue(`${field}[${key}]`, key, detail)),
  );
}

/** Everything that is wrong with a new object's metadata. */
export function metadataErrors(object: KubernetesObject, nameRule: NameRule): FieldError[] {
  const { metadata } = object;
  const prefix = textAt(metadata, "generateName");
  return [
    ...(prefix ? nameRule(maskedEnd(prefix)) : []).map((detail) =>
      invalidValue("metadata.generateName", prefix, detail),
    ),
    ...(metadata.name
      ? nameRule(metadata.name).map((detail) => invalidValue("metadata.name", metadata.name, detail))
      : [required("metadata.name", "name or generateName is required")]),
    ...commonErrors(object),
    ...(metadata.finalizers ?? []).flatMap((name, index) =>
      finalizerNameErrors(`metadata.finalizers[${index}]`, name),
    ),
  ];
}

/** A prefix may end in a dash, but a name may not. */
function maskedEnd(prefix: string): string {
  return prefix.length > 1 && prefix.endsWith("-") ? `${prefix.slice(0, -2)}a` : prefix;
}

const standardFinalizers = ["kubernetes", "orphan", "foregroundDeletion"];
const unknownFinalizer = "name is neither a standard finalizer name nor is it fully qualified";

/** A finalizer's name must have a domain, or be one of Kubernetes' own. */
export function finalizerNameErrors(field: string, name: string): FieldError[] {
  return name.includes("/") || standardFinalizers.includes(name)
    ? []
    : [invalidValue(field, name, unknownFinalizer)];
}

/** What can be wrong with the metadata of both new and changed objects. */
export function commonErrors({ metadata }: KubernetesObject): FieldError[] {
  return [
    ...labelErrors(metadata.labels ?? {}),
    ...annotationErrors(metadata.annotations ?? {}),
    ...ownerErrors(objectsAt(metadata, "ownerReferences")),
    ...finalizerErrors(metadata.finalizers ?? []),
  ];
}

function labelErrors(labels: Readonly<Record<string, string>>): FieldError[] {
  return Object.entries(labels).flatMap(([key, value]) => [
    ...qualifiedName(key).map((detail) => invalidValue("metadata.labels", key, detail)),
    ...labelValue(value).map((detail) => invalidValue("metadata.labels", value, detail)),
  ]);
}

function annotationErrors(annotations: Readonly<Record<string, string>>): FieldError[] {
  const entries = Object.entries(annotations);
  const size = entries.reduce(
    (total, [key, value]) => total + Buffer.byteLength(key) + Buffer.byteLength(value),
    0,
  );
  return [
    ...entries.flatMap(([key]) =>
      qualifiedName(key.toLowerCase()).map((detail) => invalidValue("metadata.annotations", key, detail)),
    ),
    ...(size > annotationsLimit ? [tooLong("metadata.annotations", annotationsLimit)] : []),
  ];
}

function ownerErrors(owners: readonly JsonObject[]): FieldError[] {
  const field = "metadata.ownerReferences";
  const controllers = owners.filter((owner) => owner["controller"] === true);
  const [first, second] = controllers.map((owner) => `${textAt(owner, "kind")}/${textAt(owner, "name")}`);
  return [
    ...owners.flatMap((owner) => [
      ...(versionOf(textAt(owner, "apiVersion"))
        ? []
        : [invalidValue(`${field}.apiVersion`, textAt(owner, "apiVersion"), "version must not be empty")]),
      ...["kind", "name", "uid"]
        .filter((part) => !owner[part])
        .map((part) => invalidValue(`${field}.${part}`, "", "must not be empty")),
      ...(owner["apiVersion"] === "v1" && owner["kind"] === "Event"
        ? [invalidValue(field, owner, "/v1, Kind=Event is disallowed from being an owner")]
        : []),
    ]),
    ...(second === undefined
      ? []
      : [
          invalidValue(
            field,
            owners,
            `Only one reference can have Controller set to true. Found "true" in references for ${first} and ${second}`,
          ),
        ]),
  ];
}

/** The version of `group/version`; empty if there is none. */
function versionOf(apiVersion: string): string {
  const parts = apiVersion.split("/");
  return parts.length > 2 ? "" : (parts.at(-1) ?? "");
}

function finalizerErrors(finalizers: readonly string[]): FieldError[] {
  const field = "metadata.finalizers";
  return [
    ...finalizers.flatMap((name) => qualifiedName(name).map((detail) => invalidValue(field, name, detail))),
    ...(finalizers.includes("orphan") && finalizers.includes("foregroundDeletion")
      ? [invalidValue(field, finalizers, "finalizers orphan and foregroundDeletion cannot be both set")]
      : []),
  ];
}

/** The fields that clients may never change, in the order of the API server's errors. */
const immutableFields = ["name", "uid", "deletionTimestamp", "deletionGracePeriodSeconds"] as const;

/** What is wrong with an update of metadata. */
export function metadataUpdateErrors(object: KubernetesObject, previous: KubernetesObject): FieldError[] {
  const before = previous.metadata.finalizers ?? [];
  const added = (object.metadata.finalizers ?? []).filter((one) => !before.includes(one));
  return [
    ...(previous.metadata.deletionTimestamp && added.length > 0
      ? [
          forbiddenField(
            "metadata.finalizers",
            `no new finalizers can be added if the object is being deleted, found new finalizers ${goStrings(added)}`,
          ),
        ]
      : []),
    ...immutableFields
      .filter((field) => object.metadata[field] !== previous.metadata[field])
      .map((field) => invalidValue(`metadata.${field}`, object.metadata[field], "field is immutable")),
    ...commonErrors(object),
  ];
}

function goStrings(values: readonly string[]): string {
  return `[]string{${values.map((value) => JSON.stringify(value)).join(", ")}}`;
}
