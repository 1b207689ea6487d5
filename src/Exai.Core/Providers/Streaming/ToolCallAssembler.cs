using System.Text;
using System.Text.Json;
using Microsoft.Extensions.AI;

namespace Exai.Core.Providers.Streaming;

/// <summary>
/// Puts the tool calls of one completion together. Fragments belong to the call of their <c>index</c>, else of their <c>id</c>, else to the
/// last one; name and id may come late or again. Arguments are a text in pieces, an object, null or nothing.
/// </summary>
internal sealed class ToolCallAssembler
{
    /// <summary>
    /// Key in a call's properties: its arguments as the provider wrote them, a string. To be sent back unchanged; Kimi checks its own
    /// <c>$web_search</c> by them.
    /// </summary>
    public const string ArgumentsKey = "exai.tool_arguments";

    /// <summary>Key in a call's properties: its type as the provider wrote it, a string such as <c>function</c> or <c>builtin_function</c>.</summary>
    public const string TypeKey = "exai.tool_type";

    /// <summary>
    /// Key in the properties of an update that brought a piece of a tool call: the characters of all calls so far, an int. Such an update
    /// is a token like any other to the clocks, although it may hold no contents.
    /// </summary>
    public const string ProgressKey = "exai.tool_call_characters";

    private const string FunctionType = "function";

    private readonly List<Call> _calls = [];
    private readonly Dictionary<long, Call> _byIndex = [];
    private readonly Dictionary<string, Call> _byId = new(StringComparer.Ordinal);

    public bool Any => _calls.Count > 0;

    /// <summary>Characters of names and arguments so far.</summary>
    public int Characters { get; private set; }

    /// <summary>The fragments of a delta, or the calls of a whole message.</summary>
    /// <returns>Whether there were any.</returns>
    public bool Read(JsonElement delta)
    {
        var before = Characters;
        foreach (var fragment in delta.Items("tool_calls"))
        {
            // What the provider ran itself (GLM's mcp calls, its own search) has no function and is not ours to run.
            if (fragment.Object("function") is { ValueKind: JsonValueKind.Object } function)
                Read(fragment, function);
        }

        return Characters > before;
    }

    /// <summary>The calls, once nothing can follow any more.</summary>
    /// <param name="cut">The answer ended at the output limit: a call without arguments is then unfinished, not free of them.</param>
    /// <param name="broken">The name of the first call that cannot be run, "?" if it has none; null when all are whole.</param>
    public IReadOnlyList<FunctionCallContent> Complete(bool cut, out string? broken)
    {
        broken = null;
        var contents = new List<FunctionCallContent>(_calls.Count);
        foreach (var call in _calls)
        {
            var written = call.Arguments.ToString();
            if (call.Name.Length == 0 || Parse(written, cut) is not { } arguments)
            {
                broken = call.Name.Length == 0 ? "?" : call.Name;
                return [];
            }

            contents.Add(new FunctionCallContent(call.Id ?? $"{call.Name}:{contents.Count}", call.Name, arguments)
            {
                AdditionalProperties = new() { [ArgumentsKey] = written, [TypeKey] = call.Type ?? FunctionType },
            });
        }

        return contents;
    }

    private void Read(JsonElement fragment, JsonElement function)
    {
        var id = fragment.Text("id") is { Length: > 0 } named ? named : null;
        var name = function.Text("name") is { Length: > 0 } given ? given : null;
        var call = Find(fragment.Number("index"), id, name);
        call.Id ??= id;
        call.Type ??= fragment.Text("type") is { Length: > 0 } type ? type : null;
        if (name is not null && call.Name.Length == 0)
        {
            call.Name = name;
            Characters += name.Length;
        }

        Characters += call.Append(function);
    }

    private Call Find(long? index, string? id, string? name)
    {
        var known = index is { } at ? _byIndex.GetValueOrDefault(at)
            : id is not null ? _byId.GetValueOrDefault(id)
            : _calls.Count > 0 ? _calls[^1]
            : null;
        // Some servers count every call as 0, or not at all: a whole call is followed by another one, not by more of itself.
        var call = known is null || StartsAnother(known, id, name) ? Add() : known;
        if (index is { } place)
            _byIndex[place] = call;
        if (id is not null)
            _byId[id] = call;
        return call;
    }

    private static bool StartsAnother(Call known, string? id, string? name) =>
        name is not null && known.Name.Length > 0
        && (id is not null && known.Id is not null ? id != known.Id : id is null && Parse(known.Arguments.ToString(), cut: true) is not null);

    private Call Add()
    {
        var call = new Call();
        _calls.Add(call);
        return call;
    }

    /// <summary>Null when they are no JSON object. Blank and null are an object without members, unless a cut explains them.</summary>
    private static Dictionary<string, object?>? Parse(string written, bool cut)
    {
        if (string.IsNullOrWhiteSpace(written) || written.AsSpan().Trim() is "null")
            return cut ? null : [];
        try
        {
            using var json = JsonDocument.Parse(written);
            if (json.RootElement.ValueKind != JsonValueKind.Object)
                return null;

            var arguments = new Dictionary<string, object?>(StringComparer.Ordinal);
            foreach (var member in json.RootElement.EnumerateObject())
                arguments[member.Name] = member.Value.Clone();
            return arguments;
        }
        catch (Exception exception) when (exception is JsonException or ArgumentException or InvalidOperationException)
        {
            // The last two: half a surrogate pair, in the text or in a member's name.
            return null;
        }
    }

    private sealed class Call
    {
        public string? Id { get; set; }

        public string? Type { get; set; }

        public string Name { get; set; } = "";

        public StringBuilder Arguments { get; } = new();

        /// <returns>The characters that came.</returns>
        public int Append(JsonElement function)
        {
            if (function.Object("arguments") is { ValueKind: JsonValueKind.Object } whole)
            {
                Arguments.Clear().Append(whole.GetRawText());
                return Arguments.Length;
            }

            var piece = function.Text("arguments") ?? "";
            Arguments.Append(piece);
            return piece.Length;
        }
    }
}
