/* The clients of Azure Resource Manager, in a file of their own: it is loaded while the first request is under way. */
export { AuthorizationManagementClient } from "@azure/arm-authorization";
export { ContainerRegistryManagementClient } from "@azure/arm-containerregistry";
export { SubscriptionClient } from "@azure/arm-resources-subscriptions";
