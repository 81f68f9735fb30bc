/** A registry as people know it: by its name, and by its login server, which usually begins with the name. */
export function registryText(name: string, loginServer: string): string {
  const begins = loginServer.startsWith(name) && /^(?:[.:]|$)/.test(loginServer.slice(name.length));
  return begins ? loginServer : `${name} (${loginServer})`;
}
