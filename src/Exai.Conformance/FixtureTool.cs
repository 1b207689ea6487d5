using System.Text.Json;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace Exai.Conformance;

/// <summary>A tool of which the suite knows the name, and what it does when it is called.</summary>
internal sealed class FixtureTool(
    string name, string description, Func<RequestContext<CallToolRequestParams>, CancellationToken, ValueTask<CallToolResult>> call, string schema = FixtureTool.NoArguments)
    : McpServerTool
{
    private const string NoArguments = """{"type":"object","properties":{}}""";

    public FixtureTool(string name, string description, Func<RequestContext<CallToolRequestParams>, CallToolResult> call, string schema = NoArguments)
        : this(name, description, (request, _) => ValueTask.FromResult(call(request)), schema)
    {
    }

    public override Tool ProtocolTool { get; } = new()
    {
        Name = name,
        Description = description,
        InputSchema = JsonElement.Parse(schema),
    };

    public override IReadOnlyList<object> Metadata => [];

    public override ValueTask<CallToolResult> InvokeAsync(RequestContext<CallToolRequestParams> request, CancellationToken cancellationToken = default) => call(request, cancellationToken);

    /// <summary>The argument as text; empty when it is missing or none.</summary>
    public static string Argument(RequestContext<CallToolRequestParams> request, string name) =>
        request.Params.Arguments?.TryGetValue(name, out var value) == true && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";

    public static CallToolResult Text(string text) => new() { Content = [new TextContentBlock { Text = text }] };
}
