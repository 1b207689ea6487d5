using System.Text.Json;
using Exai.Shim.Messages;

namespace Exai.Shim.Files;

/// <summary>
/// What the client says its workspace is. Asked once it has shaken hands, and again when it says that it changed. Belongs to the relay's one
/// loop, except for <see cref="KnownAsync"/>.
/// </summary>
internal sealed class ClientRoots
{
    /// <summary>A client that offers roots and does not tell them is taken for one that offers none.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    private readonly string _ownIdPrefix;
    private readonly TimeProvider _time;
    private volatile TaskCompletionSource<IReadOnlyList<string>?> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private RequestId? _request;
    private int _requests;
    private bool _offered;

    /// <param name="canAsk">False in an era in which the client is asked nothing.</param>
    public ClientRoots(bool canAsk, string ownIdPrefix, TimeProvider time)
    {
        (_ownIdPrefix, _time) = (ownIdPrefix, time);
        if (!canAsk)
        {
            _answer.SetResult(null);
        }
    }

    /// <summary>The client's <c>initialize</c>.</summary>
    public void OnInitialize(Envelope request)
    {
        _offered = !request.Param("capabilities", "roots").IsEmpty;
        _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
        if (!_offered)
        {
            _answer.SetResult(null);
        }
    }

    /// <summary>The question for the client, under an id of the shim's own; null for a client that offers no roots.</summary>
    public byte[]? NewRequest()
    {
        if (!_offered)
        {
            return null;
        }

        if (_answer.Task.IsCompleted)
        {
            _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        _request = new RequestId($"{_ownIdPrefix}roots-{++_requests}", 0);
        return RpcMessages.Request(_request.Value, "roots/list");
    }

    /// <summary>Takes the answer to the shim's own question; false when it is none.</summary>
    public bool Take(Envelope response)
    {
        if (response.Id!.Value.Text?.StartsWith(_ownIdPrefix + "roots-", StringComparison.Ordinal) is not true)
        {
            return false;
        }

        if (response.Id == _request)
        {
            _answer.TrySetResult(Read(response));
        }

        return true;
    }

    /// <summary>Local folders; null when the client offers none, or does not tell.</summary>
    public async Task<IReadOnlyList<string>?> KnownAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await _answer.Task.WaitAsync(Patience, _time, cancellationToken);
        }
        catch (TimeoutException)
        {
            return null;
        }
    }

    private static List<string>? Read(Envelope response)
    {
        var roots = JsonSlice.Member(JsonSlice.Member(response.Bytes, "result").Value, "roots").Value;
        if (roots.IsEmpty || roots.Span[0] != (byte)'[')
        {
            return null;
        }

        using var document = JsonDocument.Parse(roots);
        return
        [
            .. document.RootElement.EnumerateArray()
                .Where(root => root.ValueKind == JsonValueKind.Object)
                .Select(root => root.TryGetProperty("uri", out var uri) && uri.ValueKind == JsonValueKind.String ? uri.GetString() : null)
                .Select(uri => Uri.TryCreate(uri, UriKind.Absolute, out var address) && address.IsFile ? address.LocalPath : null)
                .OfType<string>(),
        ];
    }
}
