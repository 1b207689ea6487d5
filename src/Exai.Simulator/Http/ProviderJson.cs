using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Exai.Simulator.Http;

/// <summary>JSON as the providers write it: compact, characters beyond ASCII as they are.</summary>
internal static class ProviderJson
{
    private static readonly JsonSerializerOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string Write(JsonNode node) => node.ToJsonString(Options);

    public static async Task RespondAsync(HttpResponse response, int status, JsonNode body, CancellationToken cancellationToken)
    {
        var bytes = Encoding.UTF8.GetBytes(Write(body));
        response.StatusCode = status;
        response.ContentType = "application/json; charset=utf-8";
        response.ContentLength = bytes.Length;
        await response.Body.WriteAsync(bytes, cancellationToken);
    }
}
