using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization;
using Exai.Daemon.Security;
using Microsoft.AspNetCore.Http;

namespace Exai.Daemon.Generations;

/// <summary>
/// <c>POST /handover[?now]</c>: the next daemon of this home asks for port and lock. The answer, <c>{"epoch":"…","running":3}</c>,
/// is sent when it can have them. Only with the token, and only from this machine.
/// </summary>
internal sealed class HandoverEndpoint(RequestGuard guard, Func<bool, Task<HandoverAnswer>> makeWay)
{
    public const string Path = "/handover";

    /// <summary>The query name that says: leave the running calls to the next daemon.</summary>
    public const string Now = "now";

    public async Task AnswerAsync(HttpContext context)
    {
        if (!guard.RequireToken(context))
        {
            return;
        }

        var connection = context.Connection;
        if (connection.RemoteIpAddress is not { } remote || !(IPAddress.IsLoopback(remote) || remote.Equals(connection.LocalIpAddress)))
        {
            context.Response.StatusCode = StatusCodes.Status403Forbidden;
            return;
        }

        var answer = await makeWay(context.Request.Query.ContainsKey(Now));
        context.Response.ContentType = "application/json";
        await context.Response.WriteAsync(JsonSerializer.Serialize(answer, HandoverJson.Default.HandoverAnswer), context.RequestAborted);
    }
}

/// <param name="Epoch">Who made way.</param>
/// <param name="Running">The calls that it still finishes.</param>
internal sealed record HandoverAnswer(string Epoch, int Running);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(HandoverAnswer))]
internal sealed partial class HandoverJson : JsonSerializerContext;
