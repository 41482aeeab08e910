import { type FormEvent, useState } from "react";
import { ExamplePicker } from "./ExamplePicker";
import { isSendable, parseKey } from "./key";

interface Props {
  apiKey: string;
  refused: boolean;
  onKey(key: string): void;
}

export function Header({ apiKey, refused, onKey }: Props) {
  const [typed, setTyped] = useState(apiKey);
  const key = parseKey(typed);
  const problem = problemWith(key, apiKey, refused);

  function submit(event: FormEvent) {
    event.preventDefault();
    if (isSendable(key)) onKey(key);
  }

  function forget() {
    setTyped("");
    onKey("");
  }

  return (
    <header className="explorer-header">
      <div className="explorer-bar">
        <h1>NAM Needs explorer</h1>
        <ExamplePicker />
        {/* The input has no name, so that no form submission could ever carry it. */}
        <form className="explorer-key" onSubmit={submit}>
          <label htmlFor="api-key">API key</label>
          <input
            id="api-key"
            type="password"
            autoComplete="off"
            spellCheck={false}
            placeholder="nam_…"
            value={typed}
            onChange={(event) => setTyped(event.target.value)}
          />
          <button type="submit" disabled={!isSendable(key) || (key === apiKey && !refused)}>
            Use key
          </button>
          <button type="button" disabled={!apiKey && !typed} onClick={forget}>
            Forget
          </button>
          <output className="explorer-key-state">{keyState(apiKey, refused)}</output>
        </form>
      </div>
      {problem && (
        <p className="explorer-problem" role="alert">
          {problem}
        </p>
      )}
    </header>
  );
}

function keyState(apiKey: string, refused: boolean): string {
  if (!apiKey) return "No key";
  return refused ? "Key refused" : "Key in use";
}

function problemWith(typed: string, apiKey: string, refused: boolean): string | null {
  if (!isSendable(typed)) return "An API key has no blanks and only plain ASCII characters.";
  if (!refused) return null;
  return apiKey
    ? "401: the server refused this API key. It is malformed, unknown, expired or revoked; enter another, or forget it to go on without one."
    : "401: the server wants an API key for this. Enter yours above and press “Use key”.";
}
