using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Exai.Core.Calls;
using Exai.Core.Storage;
using Exai.Core.Storage.Blobs;
using Exai.Core.Tokens;
using Exai.Core.Tools.Files;
using Exai.Daemon.Link;
using Exai.Files;
using Exai.Protocol;
using Exai.Settings;
using Microsoft.AspNetCore.Http;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;
using MetaKeys = Exai.Protocol.MetaKeys;

namespace Exai.Daemon.Http.Mcp;

/// <summary>
/// The files that a client over HTTP names. No shim reads them, so the daemon does, by the shim's rules, for a client on its own machine
/// and out of EXAI_ALLOWED_ROOTS alone: which project such a client works in is not known.
/// </summary>
internal sealed class LocalFiles(ExaiSettings settings, IBlobStore blobs, ICallStore calls, TimeProvider time)
{
    private const string IsLocalItem = "exai.isLocal";

    /// <summary>What a proxy in front of the daemon adds: then whoever is behind it may be anywhere.</summary>
    private static readonly string[] ProxyHeaders = ["Forwarded", "X-Forwarded-For", "X-Real-IP", "Via"];

    /// <summary>A client that offers roots and does not tell them is taken for one that offers none.</summary>
    private static readonly TimeSpan RootsPatience = TimeSpan.FromSeconds(3);

    private readonly CallFileReader _reader = new(new GitRunner(), time);

    /// <summary>
    /// Remembers with a message where it came from: its session outlives the request. The user of a named token reads no files of the daemon's machine, also
    /// when he sits at it: they are the owner's.
    /// </summary>
    public static void Mark(JsonRpcMessage message, HttpContext context, Caller caller)
    {
        message.Context ??= new JsonRpcMessageContext();
        message.Context.Items ??= new Dictionary<string, object?>(StringComparer.Ordinal);
        message.Context.Items[IsLocalItem] = caller.Token is null && context.Connection.RemoteIpAddress is { } remote && IPAddress.IsLoopback(remote)
            && !ProxyHeaders.Any(context.Request.Headers.ContainsKey);
    }

    /// <summary>Reads and keeps what the call's arguments name.</summary>
    /// <param name="token">The named token of whoever calls; null for the owner.</param>
    /// <returns>Null when the call names nothing that is read, or brings its files itself.</returns>
    /// <exception cref="CallException">FILE_DENIED, TIMEOUT.</exception>
    /// <exception cref="StoreException">There is no room for a file.</exception>
    public async Task<IReadOnlyList<AttachedFile>?> ReadAsync(RequestContext<CallToolRequestParams> request, ToolDescriptor? tool, string? token, CancellationToken cancellationToken)
    {
        var arguments = request.Params.Arguments ?? new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        List<AttachWish> wishes = tool is null ? [] : [.. AttachWish.Of(tool).Where(wish => arguments.ContainsKey(wish.Argument))];
        if (wishes.Count == 0 || request.Params.Meta?.ContainsKey(MetaKeys.Files) == true)
        {
            return null;
        }

        if (await KnownAsync(request.Params.Meta?[MetaKeys.CallId], cancellationToken) is { } known && known.Token == token)
        {
            return known.Files;
        }

        var gate = new FileGate(await WorkspaceAsync(request, cancellationToken), settings.Home.Path);
        var collected = await _reader.ReadAsync(JsonSerializer.SerializeToUtf8Bytes(arguments), wishes, gate, cancellationToken);
        foreach (var blob in collected.Blobs)
        {
            await KeepAsync(blob, cancellationToken);
        }

        return SentFiles.Attached(collected.Files);
    }

    /// <summary>A call that is sent again goes on with the files that it had: they may have changed, and it is the same call.</summary>
    private async ValueTask<CallRecord?> KnownAsync(JsonNode? id, CancellationToken cancellationToken) =>
        id?.GetValueKind() == JsonValueKind.String && CallId.TryParse(id.GetValue<string>(), out var callId) ? await calls.FindAsync(callId, cancellationToken) : null;

    private async Task<Workspace> WorkspaceAsync(RequestContext<CallToolRequestParams> request, CancellationToken cancellationToken) =>
        request.JsonRpcRequest.Context?.Items?[IsLocalItem] is true
            ? Workspace.OfSettings(await RootsAsync(request, cancellationToken), settings.Tools.AllowedRoots)
            : Workspace.None("the daemon reads files only for clients on its own machine. Connect the client by 'exai shim', which reads them there.");

    /// <summary>What the client calls its workspace; empty when it offers none, does not tell, or speaks the era in which it is asked nothing.</summary>
    private async Task<IReadOnlyList<string>> RootsAsync(RequestContext<CallToolRequestParams> request, CancellationToken cancellationToken)
    {
#pragma warning disable MCP9005 // Roots are on their way out; clients of the versions with a handshake offer them all the same.
        if (ModernProtocol.IsModern(request.JsonRpcRequest.Context?.ProtocolVersion) || request.Server.ClientCapabilities?.Roots is null)
        {
            return [];
        }

        try
        {
            var answer = await request.Server.RequestRootsAsync(new ListRootsRequestParams(), cancellationToken).AsTask().WaitAsync(RootsPatience, time, cancellationToken);
            return [.. answer.Roots.Select(root => Uri.TryCreate(root.Uri, UriKind.Absolute, out var address) && address.IsFile ? address.LocalPath : null).OfType<string>()];
        }
        catch (Exception failure) when (failure is TimeoutException or McpException or InvalidOperationException)
        {
            return [];
        }
#pragma warning restore MCP9005
    }

    /// <summary>One that has changed since it was looked at is not kept; the tool then says that it is missing.</summary>
    private async Task KeepAsync(BlobSource blob, CancellationToken cancellationToken)
    {
        try
        {
            await using var content = blob.Open();
            await blobs.WriteAsync(blob.Sha256, content, cancellationToken);
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException or FileRefusedException)
        {
            // As if it had never been there.
        }
    }
}
