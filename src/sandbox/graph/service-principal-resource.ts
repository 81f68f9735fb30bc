import type { GraphCall } from "./call.ts";
import { wholeSeconds } from "./moments.ts";
import { passwordResources } from "./passwords.ts";
import type { ServicePrincipalRecord } from "../world.ts";

/** A service principal as Graph shows it: https://learn.microsoft.com/graph/api/resources/serviceprincipal */
export function principalResource(
  call: GraphCall,
  principal: ServicePrincipalRecord,
): Record<string, unknown> {
  const { world, view } = call;
  const application = world.applications.find((one) => one.appId === principal.appId);
  return {
    id: principal.id,
    deletedDateTime: null,
    accountEnabled: principal.accountEnabled,
    alternativeNames: [],
    appDisplayName: application?.displayName ?? principal.displayName,
    appDescription: null,
    appId: principal.appId,
    applicationTemplateId: null,
    appOwnerOrganizationId: principal.appOwnerOrganizationId,
    appRoleAssignmentRequired: false,
    createdDateTime: wholeSeconds(principal.createdAt),
    description: null,
    disabledByMicrosoftStatus: null,
    displayName: principal.displayName,
    homepage: null,
    loginUrl: null,
    logoutUrl: null,
    notes: null,
    notificationEmailAddresses: [],
    preferredSingleSignOnMode: null,
    preferredTokenSigningKeyThumbprint: null,
    replyUrls: [],
    servicePrincipalNames: [principal.appId],
    servicePrincipalType: principal.servicePrincipalType,
    signInAudience: application?.signInAudience ?? audienceOf(principal),
    tags: [],
    tokenEncryptionKeyId: null,
    samlSingleSignOnSettings: null,
    addIns: [],
    appRoles: [],
    info: {
      logoUrl: null,
      marketingUrl: null,
      privacyStatementUrl: null,
      supportUrl: null,
      termsOfServiceUrl: null,
    },
    keyCredentials: [],
    oauth2PermissionScopes: [],
    passwordCredentials: passwordResources(view, principal.passwords),
    resourceSpecificApplicationPermissions: [],
    verifiedPublisher: { displayName: null, verifiedPublisherId: null, addedDateTime: null },
  };
}

/** The sign-in audience of a principal whose application is not registered here. */
function audienceOf({ servicePrincipalType }: ServicePrincipalRecord): string | null {
  return servicePrincipalType === "ManagedIdentity" ? null : "AzureADMultipleOrgs";
}
