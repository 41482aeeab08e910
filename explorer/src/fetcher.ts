import type { Fetcher } from "@graphiql/toolkit";

/** Sends every operation, introspection too, to the server the page came from; `onAnswer` hears each HTTP status. */
export function createFetcher(apiKey: string, onAnswer: (status: number) => void): Fetcher {
  return async (params) => {
    const response = await fetch("/graphql", {
      method: "POST",
      headers: {
        "Content-Type": "application/json",
        Accept: "application/graphql-response+json, application/json;q=0.9",
        ...(apiKey && { Authorization: `Bearer ${apiKey}` }),
      },
      body: JSON.stringify(params),
    });
    onAnswer(response.status);
    const body = await response.text();
    try {
      return JSON.parse(body);
    } catch {
      return { errors: [{ message: `HTTP ${response.status} ${response.statusText}, and not JSON: ${body.slice(0, 500)}` }] };
    }
  };
}
