import { mayDo, rulesIn, type Caller } from "./authorization.ts";
import { invalidValue, required, type FieldError } from "./field-error.ts";
import { isJsonObject, objectAt, textAt, type JsonObject } from "./json.ts";
import { trackCreate } from "./managed-fields.ts";
import { timestampNow } from "./object-metadata.ts";
import type { KubernetesObject } from "../world.ts";
import { decodeObject, readBody } from "./request-body.ts";
import { accessReviewSchema, rulesReviewSchema, selfReviewSchema, type StructSchema } from "./schema.ts";
import { invalid } from "./status.ts";
import { readWriteOptions, type Warned } from "./write-options.ts";

/*
 * Questions that a user asks about itself. They are created, answered and forgotten.
 * Source: https://kubernetes.io/docs/reference/access-authn-authz/authorization/#checking-api-access
 */

/** One kind of question. */
export interface ReviewDefinition {
  readonly group: string;
  readonly plural: string;
  readonly kind: string;
  readonly schema: StructSchema;
  readonly validate: (spec: JsonObject) => FieldError[];
  /** The status of the answer. */
  readonly answer: (user: Caller, spec: JsonObject) => JsonObject;
}

export const reviewDefinitions: readonly ReviewDefinition[] = [
  {
    group: "authentication.k8s.io",
    plural: "selfsubjectreviews",
    kind: "SelfSubjectReview",
    schema: selfReviewSchema,
    validate: () => [],
    answer: ({ name, uid, groups, extra }) => ({
      userInfo: { username: name, ...(uid && { uid }), groups: [...groups], ...(extra && { extra }) },
    }),
  },
  {
    group: "authorization.k8s.io",
    plural: "selfsubjectaccessreviews",
    kind: "SelfSubjectAccessReview",
    schema: accessReviewSchema,
    validate: accessReviewErrors,
    answer: (user, spec) => ({ allowed: isAllowed(user, spec) }),
  },
  {
    group: "authorization.k8s.io",
    plural: "selfsubjectrulesreviews",
    kind: "SelfSubjectRulesReview",
    schema: rulesReviewSchema,
    validate: (spec) =>
      textAt(spec, "namespace") ? [] : [required("spec.namespace", "namespace is required")],
    answer: (user, spec) => rulesAnswer(user, textAt(spec, "namespace")),
  },
];

/** Answers a review with the review and its status. @throws StatusError 400, 415 or 422 for a bad question */
export function answerReview(definition: ReviewDefinition, user: Caller, asked: Warned): JsonObject {
  const { group, kind, schema } = definition;
  const { check, manager } = readWriteOptions(asked, "CreateOptions");
  const bodyKind = { apiVersion: `${group}/v1`, kind, schema };
  const review = decodeObject(readBody(asked.request, kind), bodyKind, check);
  const spec = objectAt(review, "spec");
  const errors = [...definition.validate(spec), ...metadataOf(review, kind)];
  if (errors.length > 0) {
    throw invalid({ group, kind: kind === "SelfSubjectAccessReview" ? "" : kind }, "", errors);
  }
  const { metadata, ...tracked } = trackCreate(schema, review, manager, timestampNow());
  return { ...tracked, metadata, status: definition.answer(user, spec) };
}

/** A SelfSubjectAccessReview must have no metadata, such as a name or labels. */
function metadataOf({ metadata }: KubernetesObject, kind: string): FieldError[] {
  const isEmpty = Object.keys(metadata).every((field) => field === "managedFields");
  return kind !== "SelfSubjectAccessReview" || isEmpty
    ? []
    : [invalidValue("metadata", metadata, "must be empty")];
}

function accessReviewErrors(spec: JsonObject): FieldError[] {
  const resource = isJsonObject(spec["resourceAttributes"]);
  const path = isJsonObject(spec["nonResourceAttributes"]);
  if (resource && path) {
    const detail = "cannot be specified in combination with resourceAttributes";
    return [invalidValue("spec.nonResourceAttributes", spec["nonResourceAttributes"], detail)];
  }
  if (!resource && !path) {
    const detail = "exactly one of nonResourceAttributes or resourceAttributes must be specified";
    return [invalidValue("spec.resourceAttributes", null, detail)];
  }
  return [];
}

function isAllowed(user: Caller, spec: JsonObject): boolean {
  const path = spec["nonResourceAttributes"];
  if (isJsonObject(path)) {
    return mayDo(user, { verb: textAt(path, "verb"), path: textAt(path, "path") });
  }
  const attributes = objectAt(spec, "resourceAttributes");
  return mayDo(user, {
    verb: textAt(attributes, "verb"),
    group: textAt(attributes, "group"),
    version: textAt(attributes, "version"),
    resource: textAt(attributes, "resource"),
    subresource: textAt(attributes, "subresource"),
    namespace: textAt(attributes, "namespace"),
    name: textAt(attributes, "name"),
  });
}

function rulesAnswer(user: Caller, namespace: string): JsonObject {
  const own = { verbs: ["create"], apiGroups: ["authorization.k8s.io"] };
  return {
    resourceRules: [
      ...rulesIn(user, namespace).map(({ verbs, resources, resourceNames }) => ({
        verbs,
        apiGroups: resources.includes("*") ? ["*"] : [""],
        resources,
        ...(resourceNames && { resourceNames }),
      })),
      { ...own, resources: ["selfsubjectaccessreviews", "selfsubjectrulesreviews"] },
      { verbs: ["create"], apiGroups: ["authentication.k8s.io"], resources: ["selfsubjectreviews"] },
    ],
    nonResourceRules: [
      {
        verbs: ["get"],
        nonResourceURLs: [
          "/api",
          "/api/*",
          "/apis",
          "/apis/*",
          "/healthz",
          "/livez",
          "/openapi",
          "/openapi/*",
        ],
      },
      { verbs: ["get"], nonResourceURLs: ["/readyz", "/version", "/version/"] },
    ],
    incomplete: false,
  };
}
