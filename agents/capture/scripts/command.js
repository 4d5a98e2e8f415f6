// The agent's way in: one function that cannot be replaced and does nothing without the token.
// Frames of other origins that have voices name themselves.
const frames = () => (!isTop && !leader && (mapSize(audio) || hearsPage) ? frameId : null);
const commands = { frames, arm, start, stop: end, pause, take, own: takeOwn, disown: dropOwn, lost: dropAllOf };
Object.defineProperty(globalThis, SETTINGS.command, {
  value: (token, name, argument) => {
    if (token !== SETTINGS.token) return undefined;
    if (argument && argument.only && argument.only !== frameId) return null;
    return commands[name](argument);
  },
});
if (!leader) tell({ type: "hello", top: isTop });
