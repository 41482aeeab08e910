import { pick, useGraphiQL, useGraphiQLActions } from "@graphiql/react";
import { EXAMPLES, type Example } from "./examples";

/** Opens an example in a tab of its own, or goes to the tab that still holds it unchanged. */
export function ExamplePicker() {
  const { queryEditor, variableEditor, tabs } = useGraphiQL(
    pick("queryEditor", "variableEditor", "tabs"),
  );
  const { addTab, changeTab, updateActiveTabValues } = useGraphiQLActions();

  function open(example: Example) {
    const query = example.query;
    const variables = example.variables ? JSON.stringify(example.variables, null, 2) : "";
    const present = tabs.findIndex((tab) => tab.query === query && (tab.variables ?? "") === variables);
    if (present >= 0) {
      changeTab(present);
      return;
    }
    if (queryEditor?.getValue().trim()) addTab();
    queryEditor?.setValue(query);
    variableEditor?.setValue(variables);
    updateActiveTabValues({ query, variables, operationName: null });
  }

  return (
    <select
      className="explorer-examples"
      aria-label="Open an example"
      value=""
      disabled={!queryEditor || !variableEditor}
      onChange={(event) => open(EXAMPLES[Number(event.target.value)])}
    >
      <option value="" disabled>
        Examples…
      </option>
      {EXAMPLES.map((example, index) => (
        <option key={example.title} value={index}>
          {example.title}
        </option>
      ))}
    </select>
  );
}
