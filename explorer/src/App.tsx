import { GraphiQL, GraphiQLInterface } from "graphiql";
import { GraphiQLProvider } from "@graphiql/react";
import { DOC_EXPLORER_PLUGIN, DocExplorerStore } from "@graphiql/plugin-doc-explorer";
import { HISTORY_PLUGIN, HistoryStore } from "@graphiql/plugin-history";
import { useMemo, useState } from "react";
import { EXAMPLES } from "./examples";
import { createFetcher } from "./fetcher";
import { Header } from "./Header";
import { loadKey, saveKey } from "./key";

const PLUGINS = [DOC_EXPLORER_PLUGIN, HISTORY_PLUGIN];
const DEFAULT_QUERY = "# Ctrl-Space shows what fits here, Ctrl-Enter runs it. Examples are in the bar above.\n\n";
const FIRST_TABS = [{ query: EXAMPLES[0].query }];

export function App() {
  const [apiKey, setApiKey] = useState(loadKey);
  const [refused, setRefused] = useState(false);
  // A new fetcher makes GraphiQL read the schema again, with the new key.
  const fetcher = useMemo(() => createFetcher(apiKey, (status) => setRefused(status === 401)), [apiKey]);

  function useKey(key: string) {
    saveKey(key);
    setRefused(false);
    setApiKey(key);
  }

  return (
    <GraphiQLProvider
      fetcher={fetcher}
      defaultQuery={DEFAULT_QUERY}
      defaultTabs={FIRST_TABS}
      plugins={PLUGINS}
      referencePlugin={DOC_EXPLORER_PLUGIN}
    >
      <HistoryStore>
        <DocExplorerStore>
          <Header apiKey={apiKey} refused={refused} onKey={useKey} />
          {/* No headers editor: GraphiQL's history would keep a key typed there in localStorage. */}
          <GraphiQLInterface
            isHeadersEditorEnabled={false}
            showPersistHeadersSettings={false}
            defaultEditorToolsVisibility="variables"
          >
            <GraphiQL.Logo>GraphiQL</GraphiQL.Logo>
          </GraphiQLInterface>
        </DocExplorerStore>
      </HistoryStore>
    </GraphiQLProvider>
  );
}
