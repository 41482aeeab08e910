const SLOT = "nam-needs:api-key";

/** The key lives in sessionStorage alone: it ends with the browser tab and never reaches localStorage. */
export function loadKey(): string {
  return sessionStorage.getItem(SLOT) ?? "";
}

export function saveKey(key: string): void {
  if (key) sessionStorage.setItem(SLOT, key);
  else sessionStorage.removeItem(SLOT);
}

/** What was typed or pasted, as a credential: without blanks around it and without a leading "Bearer". */
export function parseKey(typed: string): string {
  return typed.trim().replace(/^bearer\s+/i, "");
}

/** Whether it can stand in a header at all; what it is worth the server decides. */
export function isSendable(key: string): boolean {
  return /^[\x21-\x7e]*$/.test(key);
}
