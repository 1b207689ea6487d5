using System.Text.Json;
using System.Text.Json.Nodes;
using Exai.Protocol;

namespace Exai.Cli.Client;

/// <summary>
/// A stdio MCP client, as small as the commands need it: one call at a time, against a shim in this process or in another.
/// </summary>
internal sealed class McpClient(Stream toServer, Stream fromServer) : IDisposable
{
    private readonly StreamReader _reader = new(fromServer);
    private int _lastId;

    /// <summary>Responses that came for the last request; more than one would be a defect of the server.</summary>
    public int Responses { get; private set; }

    /// <summary>What the server may read, as <c>file:</c> addresses; empty for a client that offers no roots.</summary>
    public IReadOnlyList<string> Roots { get; init; } = [];

    public async Task InitializeAsync(CancellationToken cancellationToken)
    {
        await RequestAsync(
            "initialize",
            new JsonObject
            {
                ["protocolVersion"] = LinkContract.LegacyVersions[0],
                ["capabilities"] = Roots.Count == 0 ? new JsonObject() : new JsonObject { ["roots"] = new JsonObject() },
                ["clientInfo"] = new JsonObject { ["name"] = "exai-cli", ["version"] = Product.Version },
            },
            _ => { },
            cancellationToken);
        await SendAsync(new JsonObject { ["jsonrpc"] = "2.0", ["method"] = "notifications/initialized" }, cancellationToken);
    }

    /// <summary>The tool's result, an error result included.</summary>
    /// <param name="onProgress">Gets each progress message as it comes.</param>
    public Task<JsonObject> CallToolAsync(string tool, JsonObject arguments, Action<string> onProgress, CancellationToken cancellationToken) => RequestAsync(
        "tools/call",
        new JsonObject
        {
            ["name"] = tool,
            ["arguments"] = arguments,
            ["_meta"] = new JsonObject { ["progressToken"] = 1 },
        },
        onProgress,
        cancellationToken);

    private async Task<JsonObject> RequestAsync(string method, JsonObject parameters, Action<string> onProgress, CancellationToken cancellationToken)
    {
        var id = ++_lastId;
        Responses = 0;
        await SendAsync(new JsonObject { ["jsonrpc"] = "2.0", ["id"] = id, ["method"] = method, ["params"] = parameters }, cancellationToken);
        while (await _reader.ReadLineAsync(cancellationToken) is { } line)
        {
            var message = JsonNode.Parse(line)!.AsObject();
            if ((string?)message["method"] == "notifications/progress")
            {
                onProgress((string?)message["params"]?["message"] ?? "");
            }
            else if ((string?)message["method"] == "roots/list")
            {
                await SendAsync(RootsAnswer(message["id"]!), cancellationToken);
            }
            else if (message["id"] is JsonValue answered && answered.TryGetValue<int>(out var number) && number == id)
            {
                Responses++;
                return message["result"]?.AsObject()
                    ?? throw new InvalidDataException($"{method} was answered with an error: {message["error"]?.ToJsonString()}");
            }
        }

        throw new EndOfStreamException($"The shim ended before it answered {method}.");
    }

    /// <summary>Reads on for a while to see whether a second answer comes to the last request.</summary>
    public async Task<int> CountResponsesAsync(CancellationToken until)
    {
        try
        {
            while (await _reader.ReadLineAsync(until) is { } line)
            {
                var message = JsonNode.Parse(line)!.AsObject();
                Responses += message["id"] is JsonValue answered && answered.TryGetValue<int>(out var number) && number == _lastId ? 1 : 0;
            }
        }
        catch (OperationCanceledException)
        {
            // Long enough.
        }

        return Responses;
    }

    public void Dispose() => _reader.Dispose();

    private JsonObject RootsAnswer(JsonNode id) => new()
    {
        ["jsonrpc"] = "2.0",
        ["id"] = id.DeepClone(),
        ["result"] = new JsonObject { ["roots"] = new JsonArray([.. Roots.Select(root => (JsonNode)new JsonObject { ["uri"] = root })]) },
    };

    private async Task SendAsync(JsonObject message, CancellationToken cancellationToken)
    {
        await toServer.WriteAsync(JsonSerializer.SerializeToUtf8Bytes(message, ToolResults.Json), cancellationToken);
        await toServer.WriteAsync("\n"u8.ToArray(), cancellationToken);
        await toServer.FlushAsync(cancellationToken);
    }
}

/// <summary>What the commands read from a tool's result.</summary>
internal sealed record ToolResultView(string Text, bool IsError, JsonObject? Receipt, JsonObject? Error)
{
    public static ToolResultView From(JsonObject result) => new(
        string.Join("\n", (result["content"]?.AsArray() ?? []).Select(part => (string?)part?["text"] ?? "")),
        (bool?)result["isError"] ?? false,
        result["_meta"]?[MetaKeys.Receipt]?.DeepClone().AsObject(),
        result["_meta"]?[MetaKeys.Error]?.DeepClone().AsObject());

    public JsonObject ToJson()
    {
        var json = new JsonObject { ["text"] = Text, ["isError"] = IsError, ["receipt"] = Receipt?.DeepClone() };
        if (Error is not null)
        {
            json["error"] = Error.DeepClone();
        }

        return json;
    }
}
