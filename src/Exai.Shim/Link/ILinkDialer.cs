using Exai.Protocol;
using Exai.Settings.Certificates;

namespace Exai.Shim.Link;

/// <summary>Opens connections to a daemon. The seam at which tests put a lossy link, and another transport could go.</summary>
internal interface ILinkDialer
{
    /// <exception cref="LinkException">No connection; its kind says why.</exception>
    Task<ILinkConnection> DialAsync(LinkEndpoint endpoint, CancellationToken cancellationToken);
}

/// <summary>One connection. One sender and one receiver at a time.</summary>
internal interface ILinkConnection : IAsyncDisposable
{
    /// <summary>The daemon's start, as it named it in the upgrade; empty when it did not.</summary>
    string Epoch { get; }

    string DaemonVersion { get; }

    ValueTask SendAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken);

    /// <summary>The next message; null when the other side has closed.</summary>
    ValueTask<byte[]?> ReceiveAsync(CancellationToken cancellationToken);

    /// <summary>The close code that the other side gave, once <see cref="ReceiveAsync"/> has returned null.</summary>
    int? CloseCode { get; }

    /// <summary>Whether the daemon keeps these bytes already.</summary>
    /// <exception cref="HttpRequestException">It did not say.</exception>
    Task<bool> HasBlobAsync(string sha256, CancellationToken cancellationToken);

    /// <summary>Gives the daemon a file's bytes. Beside the messages: one may go on while the other waits.</summary>
    /// <exception cref="Files.BlobRefusedException">The bytes have another hash, or there is no room for them.</exception>
    /// <exception cref="HttpRequestException">They did not get there.</exception>
    Task SendBlobAsync(string sha256, Stream content, CancellationToken cancellationToken);

    /// <summary>Says good-bye without waiting for an answer.</summary>
    ValueTask CloseAsync(CancellationToken cancellationToken);
}

/// <param name="Token">The shared secret; null when none can be read yet.</param>
/// <param name="SessionId">The same for all connections of one shim.</param>
/// <param name="Era">Of the protocol, as in <see cref="LinkContract.EraHeader"/>: a connection serves one.</param>
/// <param name="Reconnect">What it takes to have a link again; null for the first one.</param>
internal sealed record LinkEndpoint(string Host, int Port, string? Token, string SessionId, string Era, Reconnect? Reconnect = null)
{
    /// <summary>How long the dial may take; null leaves it at EXAI_WS_CONNECT_TIMEOUT.</summary>
    public TimeSpan? Patience { get; init; }

    /// <summary>By what the daemon is known in the handshake of TLS; null speaks plain.</summary>
    public TlsTrust? Tls { get; init; }

    /// <summary>For people.</summary>
    public string Address => Tls is null ? $"{Host}:{Port}" : $"wss://{Host}:{Port}";
}

internal enum LinkFailure
{
    /// <summary>Nobody answered at the address.</summary>
    Unreachable,

    /// <summary>Nobody answered, because a person has stopped the daemon and not started it again.</summary>
    Stopped,

    /// <summary>Somebody answered who is no daemon of this program: it has not started, or listens elsewhere.</summary>
    NotADaemon,

    /// <summary>A daemon may be there but takes no link now: it is ending, or did not answer in time.</summary>
    NotNow,

    /// <summary>401: the token is wrong.</summary>
    Unauthorized,

    /// <summary>No TLS with whoever answered: its certificate is not one to trust, or it speaks none.</summary>
    Untrusted,

    /// <summary>426: the daemon does not talk to this version of the shim.</summary>
    VersionRefused,

    /// <summary>The connection stood but did not become ready.</summary>
    NotValidated,

    /// <summary>A daemon was started and ended at once, or could not be started at all.</summary>
    DaemonDied,
}

internal static class LinkFailures
{
    /// <summary>Shim and daemon do not know each other as they should: another dial brings the same, until somebody mends the token or the certificate.</summary>
    public static bool IsRefusal(this LinkFailure failure) => failure is LinkFailure.Unauthorized or LinkFailure.Untrusted;
}

/// <summary>Why there is no link. The message is for people and models: what happened, with which values.</summary>
internal sealed class LinkException(LinkFailure kind, string message, Exception? innerException = null) : Exception(message, innerException)
{
    public LinkFailure Kind => kind;

    /// <summary>Why none of several daemons took the link.</summary>
    /// <param name="refusals">One of each.</param>
    public static LinkException Of(IReadOnlyList<LinkException> refusals)
    {
        // As long as one of them may come back, waiting helps. One that is there and says no tells more than one that is away.
        var telling = refusals.MinBy(refusal => refusal.Kind switch
        {
            LinkFailure.NotNow or LinkFailure.NotValidated => 0,
            LinkFailure.NotADaemon => 1,
            LinkFailure.Unreachable => 2,
            _ => 3,
        })!;
        return refusals.Count == 1 ? telling : new LinkException(
            telling.Kind, $"None of the {refusals.Count} daemons of EXAI_WS_ENDPOINTS takes the link. {string.Join(' ', refusals.Select(refusal => refusal.Message))}", telling);
    }
}
