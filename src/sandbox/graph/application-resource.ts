import { wholeSeconds } from "./moments.ts";
import { passwordResources } from "./passwords.ts";
import type { Collection } from "./query.ts";
import type { ReplicaView } from "../replication.ts";
import type { ApplicationRecord } from "../world.ts";

/** The collection of applications, as clients can query it. */
export const applications: Collection = {
  name: "applications",
  type: "Application",
  filterable: [
    "id",
    "appId",
    "displayName",
    "identifierUris",
    "serviceManagementReference",
    "signInAudience",
    "tags",
    "uniqueName",
  ],
};

/** An application as Graph shows it: https://learn.microsoft.com/graph/api/application-post-applications */
export function applicationResource(
  view: ReplicaView,
  application: ApplicationRecord,
): Record<string, unknown> {
  const { removedAt, createdDateTime = wholeSeconds(application.createdAt) } = application;
  return {
    id: application.id,
    deletedDateTime:
      removedAt === undefined || view.knows(application) ? null : new Date(removedAt).toISOString(),
    appId: application.appId,
    applicationTemplateId: null,
    disabledByMicrosoftStatus: null,
    createdDateTime,
    displayName: application.displayName,
    description: null,
    groupMembershipClaims: null,
    identifierUris: [],
    isDeviceOnlyAuthSupported: null,
    isFallbackPublicClient: null,
    nativeAuthenticationApisEnabled: null,
    notes: application.notes,
    publisherDomain: "sandbox.example",
    serviceManagementReference: application.serviceManagementReference,
    signInAudience: application.signInAudience,
    tags: application.tags,
    tokenEncryptionKeyId: null,
    uniqueName: application.uniqueName,
    samlMetadataUrl: null,
    defaultRedirectUri: null,
    certification: null,
    optionalClaims: null,
    servicePrincipalLockConfiguration: null,
    requestSignatureVerification: null,
    addIns: [],
    api: {
      acceptMappedClaims: null,
      knownClientApplications: [],
      requestedAccessTokenVersion: null,
      oauth2PermissionScopes: [],
      preAuthorizedApplications: [],
    },
    appRoles: [],
    info: {
      logoUrl: null,
      marketingUrl: null,
      privacyStatementUrl: null,
      supportUrl: null,
      termsOfServiceUrl: null,
    },
    keyCredentials: application.keyCredentials.map(({ keyId, displayName }) => ({
      customKeyIdentifier: null,
      displayName,
      endDateTime: null,
      key: null,
      keyId,
      startDateTime: null,
      type: "AsymmetricX509Cert",
      usage: "Verify",
    })),
    parentalControlSettings: { countriesBlockedForMinors: [], legalAgeGroupRule: "Allow" },
    passwordCredentials: passwordResources(view, application.passwords),
    publicClient: { redirectUris: [] },
    requiredResourceAccess: [],
    verifiedPublisher: { displayName: null, verifiedPublisherId: null, addedDateTime: null },
    web: {
      homePageUrl: null,
      logoutUrl: null,
      redirectUris: [],
      implicitGrantSettings: { enableAccessTokenIssuance: false, enableIdTokenIssuance: false },
      redirectUriSettings: [],
    },
    spa: { redirectUris: [] },
  };
}
