using System.Text.Json;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace Exai.Conformance;

/// <summary>A text, bytes, a text that can be subscribed to, and a template.</summary>
internal static class TestResources
{
    private const string TemplateHead = "test://template/";
    private const string TemplateTail = "/data";

    public static McpServerResource[] All { get; } =
    [
        new FixtureResource("static-text", "test://static-text", "text/plain", uri => Text(uri, "text/plain", "This is the content of the static text resource.")),
        new FixtureResource("static-binary", "test://static-binary", "image/png", Samples.Blob),
        new FixtureResource("watched-resource", "test://watched-resource", "text/plain", uri => Text(uri, "text/plain", "Watched resource content")),
        new FixtureResource("template", TemplateHead + "{id}" + TemplateTail, "application/json", Instance),
    ];

    /// <summary>The newest version has no error code of its own for it.</summary>
    public static McpProtocolException NotFound(RequestContext<ReadResourceRequestParams> request)
    {
        var uri = request.Params.Uri;
        var hasHandshake = request.JsonRpcRequest.Context?.ProtocolVersion is null;
        return new McpProtocolException($"There is no resource '{uri}'.", hasHandshake ? McpErrorCode.ResourceNotFound : McpErrorCode.InvalidParams) { Data = { ["uri"] = uri } };
    }

    private static TextResourceContents Instance(string uri)
    {
        var id = JsonEncodedText.Encode(uri[TemplateHead.Length..^TemplateTail.Length]);
        return Text(uri, "application/json", $$"""{"id":"{{id}}","templateTest":true,"data":"Data for ID: {{id}}"}""");
    }

    private static TextResourceContents Text(string uri, string mediaType, string text) => new() { Uri = uri, MimeType = mediaType, Text = text };

    /// <param name="address">With one variable in braces for a template.</param>
    private sealed class FixtureResource(string name, string address, string mediaType, Func<string, ResourceContents> read) : McpServerResource
    {
        private readonly string[] _parts = address.Split('{', '}');

        public override ResourceTemplate ProtocolResourceTemplate { get; } = new() { Name = name, UriTemplate = address, MimeType = mediaType, Description = $"The fixture {name}." };

        public override IReadOnlyList<object> Metadata => [];

        public override bool IsMatch(string uri) =>
            _parts is [var head, _, var tail]
                ? uri.Length > head.Length + tail.Length && uri.StartsWith(head, StringComparison.Ordinal) && uri.EndsWith(tail, StringComparison.Ordinal)
                : uri == address;

        public override ValueTask<ReadResourceResult> ReadAsync(RequestContext<ReadResourceRequestParams> request, CancellationToken cancellationToken = default) =>
            ValueTask.FromResult(new ReadResourceResult { Contents = [read(request.Params.Uri)], TimeToLive = TimeSpan.FromMinutes(5), CacheScope = CacheScope.Private });
    }
}
