/** The kinds of difference that may be allowed. */
export type DifferenceClass =
  /** The sandbox refuses what the real server accepts. */
  | "harsher"
  /** The sandbox says that it cannot do this, or that there is no such thing. */
  | "not built"
  /** Both refuse, or both do the same. Only what they say about it differs. */
  | "cosmetic";

/** A difference that is allowed, and why. */
export interface AllowedDifference {
  readonly class: DifferenceClass;
  readonly reason: string;
  /** Only in conversations whose name matches. */
  readonly conversations?: RegExp;
  /** Only for requests that match, as method, path and query. */
  readonly request?: RegExp;
  /** For answers with different statuses: the real one, then the sandbox's. */
  readonly statuses?: RegExp;
  /** For answers with the same status: the places that differ. */
  readonly places?: RegExp;
  /** Only in answers with this status. */
  readonly status?: RegExp;
  /** Only if the real server's value there matches. */
  readonly real?: RegExp;
}

const metadata = String.raw`(?:/items/\d+|/rows/\d+/object|)/metadata`;
const managers = `^/body${metadata}/managedFields`;

/**
 * All known differences. A rule that no longer matches anything must be removed. Once the sandbox has refused what
 * the real server did, the rest of the conversation is about another world and is not compared.
 */
export const allowedDifferences: readonly AllowedDifference[] = [
  // Not built
  {
    class: "not built",
    reason:
      "Subresources, quotas beyond numbers of objects, protobuf of other kinds and initial events of watches.",
    statuses: /^(?:200|201|400|404|405|422) 501$/,
  },
  {
    class: "not built",
    reason: "The real server panics and drops the connection.",
    statuses: /^0 501$/,
  },
  {
    class: "not built",
    reason:
      "Other resources and groups, metrics, the old watch path, single health checks and the list of all paths.",
    request:
      / \/(?:$|apis\/|api\/v1\/(?:watch|services|componentstatuses)|metrics|openapi|healthz\/|\.well-known)/,
    statuses: /^200 40[34]$/,
  },
  {
    class: "not built",
    reason: "Discovery names what there is here, which is less.",
    request: / \/(?:api|apis)(?:\/[^/]+)*\/?$/,
    places: /^\/body\/(?:groups|resources)#$/,
  },
  {
    class: "not built",
    reason: "All objects of such a kind cannot be deleted at once where they belong to no namespace.",
    request: /^DELETE \/api\/v1\/nodes/,
    statuses: /^200 405$/,
  },
  {
    class: "not built",
    reason: "Answers in protobuf, and tables of the old version.",
    conversations: /accept\[.*(?:protobuf|v1beta1|Bogus|Table\])|^watch$/,
    statuses: /^(?:200|201|400|404) 406$/,
  },
  {
    class: "not built",
    reason: "Protobuf that is only liked best is answered as the next best.",
    conversations: /accept\[application\/vnd.kubernetes.protobuf,/,
    places: /^\/(?:body|binary|headers\/content-type)$/,
  },
  {
    class: "not built",
    reason:
      "The conditions of a namespace's end, and the managers of the controllers that set them and count quotas.",
    conversations: /^(?:ns\.terminating|quota)/,
    places: new RegExp(`${managers}|^/body/status/conditions$|^/body/metadata/resourceVersion$`),
  },
  {
    class: "not built",
    reason: "Manager kubectl takes over what its older annotation says, and renews it.",
    conversations: /^apply\.last-applied$/,
    places: /^\/body\/metadata\/(?:annotations|managedFields)\//,
  },
  {
    class: "not built",
    reason: "Pods, nodes and events have fewer defaults, no priority and no token.",
    conversations: /^(?:pod\.|nodes|event|list\.)/,
    places:
      /\/(?:volumeMounts|preemptionPolicy|priority|tolerations|taints|volumes|podCIDRs|status\/.*|eventTime|firstTimestamp|lastTimestamp|reportingComponent|reportingInstance|source|fieldsV1\/.*)$/,
  },
  {
    class: "not built",
    reason: "Columns of events and nodes that nobody looks at here.",
    conversations: /^(?:nodes|event|list\.accept\[.*as=Table)/,
    places: /^\/body\/(?:columnDefinitions#|columnDefinitions\/\d+\/type)$/,
  },
  {
    class: "not built",
    reason: "Bookmarks.",
    conversations: /^watch$/,
    places: /^\/events#$/,
  },
  {
    class: "not built",
    reason:
      "Warnings of a certificate that is none, an annotation that is to go, a name that is there twice, and a lost kind.",
    conversations: /^(?:type basic ok|sa\.misc|pod\.bad|name change)$/,
    places: /^\/warnings$/,
  },

  // Harsher
  {
    class: "harsher",
    reason: "Null for a patch or an object, and numbers for bytes, are mistakes.",
    conversations: /\[null\]|^data\[array\]/,
    statuses: /^20[01] (?:400|422)$/,
  },
  {
    class: "harsher",
    reason:
      "JSON patches of members that are not there, without a value or with a negative index are mistakes.",
    request: /^PATCH /,
    statuses: /^200 422$/,
  },
  {
    class: "harsher",
    reason: "The conversation's own token is not this server's.",
    conversations: /^auth\.header\[bearer admintoken\]$/,
    statuses: /^200 401$/,
  },
  {
    class: "harsher",
    reason: "Node's HTTP server knows the methods of HTTP alone.",
    request: /^FOO /,
    statuses: /^(?:200|404|405) 400$/,
  },

  // Cosmetic
  {
    class: "cosmetic",
    reason: "YAML is laid out otherwise, and errors are JSON even so.",
    conversations: /application\/yaml|^watch$/,
    places: /^\/(?:text|body|headers\/content-type)$/,
  },
  {
    class: "cosmetic",
    reason: "The list of media types of a 406 or 415, which names protobuf and streams.",
    places: /^\/body\/(?:message|details)$/,
    real: /media type|406: Not Acceptable|^\{\}$/,
  },
  {
    class: "cosmetic",
    reason: "Fields that a JSON patch's value has twice are told of once.",
    conversations: /^patch\.validation\[.*\]\.json$/,
    places: /^\/warnings#$|^\/body\/details\/causes\/0\/message$/,
  },
  {
    class: "cosmetic",
    reason: "Both refuse; another mistake of the same request is found first.",
    statuses: /^4\d\d (?:400|404|406|409|422|500)$|^500 400$/,
  },
  {
    class: "cosmetic",
    reason: "The words for what cannot be parsed or decoded, and the Go types that they name.",
    status: /^(?:400|500)$/,
    places: /^\/body\/message$/,
  },
  {
    class: "cosmetic",
    reason: "What the real server quotes where a patch cannot be decoded, and the words of its JSON decoder.",
    status: /^422$/,
    places: /^\/body\/(?:message|details\/causes\/\d+\/message)$/,
    real: /Invalid value: "(?:\{\\"|map\[|<secret contents redacted>)/,
  },
  {
    class: "cosmetic",
    reason:
      "Where a label, a name and a key of data are all wrong, their order; and words for a namespace's dots.",
    conversations: /^(?:ns\.name|labels many bad|data\[many-bad\]|configmap)/,
    status: /^422$/,
    places: /^\/body\/(?:message|details\/causes\/\d+\/(?:message|field))$/,
  },
  {
    class: "cosmetic",
    reason: "The error of the storage around a wrong UID.",
    status: /^409$/,
    places: /^\/body\/message$/,
    real: /StorageError/,
  },
  {
    class: "cosmetic",
    reason: "The recorded server was built without the marks of a release.",
    request: / \/version\/?$/,
    places: /^\/body\/(?:gitVersion|gitCommit|gitTreeState|goVersion)$/,
  },
  {
    class: "cosmetic",
    reason: "The address is the server's own.",
    request: / \/api\/?$/,
    places: /serverAddress$/,
  },
  {
    class: "cosmetic",
    reason: "Letters that are drawn by lot.",
    conversations: /^create\.generateName/,
    places: /^\/body\/(?:message|metadata\/name|details\/name|details\/causes\/\d+\/message)$/,
  },
  {
    class: "cosmetic",
    reason: "Descriptions of columns.",
    places: /^\/body\/columnDefinitions\/\d+\/description$/,
  },
  {
    class: "cosmetic",
    reason: "An empty list is null in the real server's list of metadata.",
    conversations: /^list\.accept\[.*PartialObjectMetadataList/,
    places: /^\/body\/items$/,
  },
  {
    class: "cosmetic",
    reason: "The order of conflicts, and of finalizers that are applied.",
    places: /^\/body\/(?:message|details\/causes\/\d+\/(?:field|message)|metadata\/finalizers\/\d+)$/,
    real: /conflict|^\.|^example\.com/,
  },
  {
    class: "cosmetic",
    reason: "The time of a manager that changed nothing.",
    places: new RegExp(String.raw`${managers}/\d+/time$`),
  },
  {
    class: "cosmetic",
    reason: "Reviews do not name the binding that allows, and rules of the public are told as they are here.",
    conversations: /^(?:ssar|ssrr)\[|^ssar\.bad$|^impersonation$/,
    places:
      /^\/body\/(?:metadata\/(?:managedFields.*|creationTimestamp)|spec\/namespace|status\/(?:reason|nonResourceRules#|resourceRules\/.*|userInfo\/.*)|message|details\/causes\/0\/message)$/,
  },
  {
    class: "cosmetic",
    reason: "The real server stands behind a Go HTTP server, which answers a path that is none by itself.",
    request: /%zz$/,
    places: /./,
  },
  {
    class: "cosmetic",
    reason: "Unknown OpenAPI documents and groups are unknown pages.",
    request: / \/(?:openapi|apis)\//,
    status: /^404$/,
    places: /./,
  },
  {
    class: "cosmetic",
    reason: "The real server's list is larger than is compared.",
    request: / \/api\/v1\/namespaces\/(?:\/secrets)?$/,
    places: /^\/body$/,
    real: /^<big answer>$/,
  },
  {
    class: "cosmetic",
    reason: "The version that is remembered.",
    conversations: /^watch$/,
    places: /^\/events\/0\/object\/message$/,
  },
  {
    class: "cosmetic",
    reason: "Words of a 415 without a media type, and a page of plain text without the usual headers.",
    conversations: /^(?:method\[PATCH\]|impersonation)$/,
    places: /^\/(?:body\/message|headers\/cache-control)$/,
  },
  {
    class: "cosmetic",
    reason: "The finalizers that a new namespace brings are nobody's.",
    conversations: /^ns\.create$/,
    places: /\/f:spec$/,
  },
  {
    class: "cosmetic",
    reason:
      "The precondition of an ending namespace is looked at elsewhere, in other words; names of its finalizers twice.",
    conversations: /^ns\.(?:terminating|update)$/,
    places: /^\/body\/(?:message|details\/kind|details\/causes#)$/,
  },
  {
    class: "cosmetic",
    reason: "The real server adds a comparison of the pod's old and new fields.",
    conversations: /^pod\.create$/,
    places: /^\/body\/(?:message|details\/causes\/0\/message)$/,
    real: /pod updates may not change/,
  },
  {
    class: "cosmetic",
    reason: "The collector got to one of two objects before the other.",
    conversations: /^fuzz-wild-100346$/,
    places: /^\/body\/items#$/,
  },
];
