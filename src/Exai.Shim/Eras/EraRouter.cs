using Exai.Protocol;
using Exai.Shim.Messages;

namespace Exai.Shim.Eras;

/// <summary>
/// Chooses the era of each message of the client. Its <c>_meta</c> or its method tells; a message that does not tell is of the era in which
/// the client began, and of that with a handshake once it has sent <c>initialize</c>. A client may use both.
/// </summary>
internal sealed class EraRouter(EraLane legacy, EraLane modern)
{
    private bool _hasInitialized;
    private bool _isModern;

    /// <summary>Runs until cancelled. That it ends before is a defect, which its task brings.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task[] running =
        [
            legacy.Relay.RunAsync(end.Token), legacy.Link.RunAsync(end.Token),
            modern.Relay.RunAsync(end.Token), modern.Link.RunAsync(end.Token),
        ];
        await Task.WhenAny(running);
        end.Cancel();
        await Task.WhenAll(running);
    }

    /// <param name="line">A client's line; null for one that was too long to read.</param>
    public void ClientLine(byte[]? line)
    {
        if (TryParse(line) is not { } message)
        {
            // What it gets for that is the same in both eras; and only the older one has batches.
            legacy.Relay.ClientLine(line);
        }
        else if (message.Method == "notifications/cancelled")
        {
            // It names a request and no era: whoever has the request knows what to do.
            legacy.Relay.ClientLine(line);
            modern.Relay.ClientLine(line);
        }
        else
        {
            (IsModern(message) ? modern : legacy).Relay.ClientLine(line);
        }
    }

    /// <summary>Completes when more can be taken.</summary>
    public async ValueTask ClientRoomAsync(CancellationToken cancellationToken)
    {
        await legacy.Relay.ClientRoomAsync(cancellationToken);
        await modern.Relay.ClientRoomAsync(cancellationToken);
    }

    /// <summary>Completes when everything that has been said so far is dealt with, or the token fires.</summary>
    public Task SettledAsync(CancellationToken cancellationToken) =>
        Task.WhenAll(legacy.Relay.SettledAsync(cancellationToken), modern.Relay.SettledAsync(cancellationToken));

    /// <summary>Closes the connections politely, for the shim's own end.</summary>
    public Task CloseAsync(CancellationToken cancellationToken) =>
        Task.WhenAll(legacy.Link.CloseAsync(cancellationToken).AsTask(), modern.Link.CloseAsync(cancellationToken).AsTask());

    private bool IsModern(Envelope message)
    {
        switch (message)
        {
            case { Kind: MessageKind.Response } or { Method: "notifications/initialized" }:
                // In the newer era the client answers nothing.
                return false;
            case { Method: "initialize" }:
                _hasInitialized = true;
                return false;
            case { Method: ModernProtocol.Discover or ModernProtocol.Listen }:
            case var _ when ModernProtocol.IsModern(message.ParamText("_meta", ModernProtocol.VersionKey)):
                return _isModern = true;
            default:
                return _isModern && !_hasInitialized;
        }
    }

    private static Envelope? TryParse(byte[]? line)
    {
        try
        {
            return line is null ? null : Envelope.Parse(line);
        }
        catch (MalformedMessageException)
        {
            return null;
        }
    }
}
