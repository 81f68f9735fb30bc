/* The clients of Azure Resource Manager, apart from what uses them: they are loaded while the first request is on its way. */
export { AuthorizationManagementClient } from "@azure/arm-authorization";
export { ContainerRegistryManagementClient } from "@azure/arm-containerregistry";
export { SubscriptionClient } from "@azure/arm-resources-subscriptions";
