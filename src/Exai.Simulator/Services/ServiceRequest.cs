using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Exai.Simulator.Services;

/// <summary>A file that came in by a form.</summary>
internal sealed record SentFile(string Name, byte[] Bytes);

/// <summary>A request beside chat, read: its route, query, JSON body or form.</summary>
internal sealed record ServiceRequest
{
    private static readonly JsonElement Nothing = JsonDocument.Parse("{}").RootElement;

    /// <summary>Method and path below the base: <c>GET /files/file-1</c>.</summary>
    public required string Route { get; init; }

    public required IQueryCollection Query { get; init; }

    /// <summary>The JSON body; of a form, its fields and the file's name, size and hash, for the log.</summary>
    public JsonElement Body { get; private init; } = Nothing;

    public SentFile? File { get; private init; }

    public static async Task<ServiceRequest> ReadAsync(HttpContext context, string route, CancellationToken cancellationToken)
    {
        var request = new ServiceRequest { Route = route, Query = context.Request.Query };
        if (context.Request.HasFormContentType)
            return await WithFormAsync(request, context, cancellationToken);
        try
        {
            using var document = await JsonDocument.ParseAsync(context.Request.Body, cancellationToken: cancellationToken);
            return document.RootElement.ValueKind == JsonValueKind.Object ? request with { Body = document.RootElement.Clone() } : request;
        }
        catch (JsonException)
        {
            return request;
        }
    }

    private static async Task<ServiceRequest> WithFormAsync(ServiceRequest request, HttpContext context, CancellationToken cancellationToken)
    {
        var form = await context.Request.ReadFormAsync(cancellationToken);
        var body = new JsonObject();
        foreach (var (name, value) in form)
            body[name] = value.ToString();
        if (form.Files.Count == 0)
            return request with { Body = JsonSerializer.SerializeToElement(body) };

        using var bytes = new MemoryStream();
        await form.Files[0].CopyToAsync(bytes, cancellationToken);
        var file = new SentFile(form.Files[0].FileName, bytes.ToArray());
        body["filename"] = file.Name;
        body["bytes"] = file.Bytes.Length;
        body["sha256"] = Convert.ToHexStringLower(SHA256.HashData(file.Bytes));
        return request with { Body = JsonSerializer.SerializeToElement(body), File = file };
    }
}
