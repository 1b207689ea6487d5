using System.Threading.Channels;
using Exai.Settings;
using Exai.Shim.Eras;
using Exai.Shim.Files;
using Exai.Shim.Messages;

namespace Exai.Shim.Link;

/// <summary>
/// One connection from its validation to its end: replays the handshake, proves with a probe that the daemon answers, then relays.
/// Ends by itself when the connection does, or when calls wait and the daemon is silent.
/// </summary>
internal sealed class LinkSession(ILinkConnection connection, LinkSettings settings, ProtocolEra era, string ownIdPrefix, TimeProvider time) : IAsyncDisposable
{
    /// <summary>While somebody needs the daemon, this much silence makes the shim ask whether it is still there.</summary>
    private static readonly TimeSpan LongestSilence = TimeSpan.FromSeconds(15);

    /// <summary>Far more than all that can wait for a daemon at once. A connection that takes nothing for so long is none.</summary>
    private const int MostUnsent = 10_000;

    private readonly Channel<ReadOnlyMemory<byte>> _outbound = Channel.CreateBounded<ReadOnlyMemory<byte>>(new BoundedChannelOptions(MostUnsent)
    {
        SingleReader = true,
        // Whoever sends hands the message to the socket itself: a socket takes it without waiting, and another thread would have to be woken.
        AllowSynchronousContinuations = true,
    });
    private readonly CancellationTokenSource _end = new();
    private readonly TaskCompletionSource _draining = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _lastReceived = time.GetTimestamp();
    private int _probes;
    private BlobCourier? _courier;

    /// <summary>A connection that has stood so long after something was sent on it, while the daemon was needed, has brought it there.</summary>
    public static TimeSpan Certainty(LinkSettings settings) => LongestSilence + settings.PingValidationTimeout + TimeSpan.FromSeconds(1);

    public string Epoch => connection.Epoch;

    public string DaemonVersion => connection.DaemonVersion;

    public int? CloseCode => connection.CloseCode;

    /// <summary>Ended by this side: the daemon was needed and said nothing.</summary>
    public bool FellSilent { get; private set; }

    public void OnDraining() => _draining.TrySetResult();

    /// <summary>Completes when the daemon has said that it drains. For one waiter.</summary>
    public async Task WhenDrainingAsync(CancellationToken cancellationToken)
    {
        await using var giveUp = cancellationToken.Register(() => _draining.TrySetCanceled(cancellationToken));
        await _draining.Task;
    }

    /// <summary>
    /// Queues a message. What is queued when the connection ends is lost: the owner of a call sends it again. A full queue ends the connection.
    /// </summary>
    public void Send(ReadOnlyMemory<byte> message)
    {
        if (!_outbound.Writer.TryWrite(message))
        {
            End();
        }
    }

    /// <summary>The same for a call, after what has to go before it.</summary>
    public void Send(ReadOnlyMemory<byte> message, CallFiles? files)
    {
        _courier ??= new BlobCourier(connection, Send, time);
        _courier.Send(message, files);
    }

    /// <summary>Replays the handshake, if the era has one, then waits for the answer to a probe.</summary>
    /// <returns>What the daemon sent meanwhile that was not for the shim itself.</returns>
    /// <exception cref="LinkException">It did not answer in time.</exception>
    public async Task<IReadOnlyList<byte[]>> ValidateAsync(IReadOnlyList<ReadOnlyMemory<byte>> replay, RequestId replayId, CancellationToken cancellationToken)
    {
        using var handshake = new CancellationTokenSource(settings.HandshakeTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(handshake.Token, cancellationToken);
        var others = new List<byte[]>();
        try
        {
            foreach (var message in replay)
            {
                await connection.SendAsync(message, either.Token);
            }

            if (replay.Count > 0)
            {
                ThrowIfRefused(await ReceiveAnswerAsync(replayId, others, either.Token));
            }

            using var validation = new CancellationTokenSource(settings.PingValidationTimeout, time);
            using var first = CancellationTokenSource.CreateLinkedTokenSource(validation.Token, either.Token);
            var probe = NextProbeId();
            await connection.SendAsync(era.Probe(probe), first.Token);
            await ReceiveAnswerAsync(probe, others, first.Token);
            return others;
        }
        catch (OperationCanceledException failure) when (!cancellationToken.IsCancellationRequested)
        {
            throw new LinkException(
                LinkFailure.NotValidated,
                $"The daemon accepted the connection but did not answer within {settings.HandshakeTimeout.TotalSeconds:0.#} s (EXAI_WS_HANDSHAKE_TIMEOUT), " +
                $"or its probe within {settings.PingValidationTimeout.TotalSeconds:0.#} s (EXAI_WS_PING_VALIDATION_TIMEOUT).",
                failure);
        }
        catch (Exception failure) when (failure is IOException or System.Net.WebSockets.WebSocketException or ObjectDisposedException)
        {
            throw new LinkException(LinkFailure.NotValidated, "The daemon closed the connection before it was ready.", failure);
        }
    }

    /// <summary>Relays until the connection ends.</summary>
    /// <param name="onMessage">Takes a message; completes when it can take the next.</param>
    /// <param name="needed">Whether the daemon's death must not go unnoticed.</param>
    public async Task RunAsync(Func<byte[], ValueTask> onMessage, Func<bool> needed, CancellationToken cancellationToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(_end.Token, cancellationToken);
        Touch();
        var sending = SendLoopAsync(either.Token);
        var watching = WatchSilenceAsync(needed, either.Token);
        try
        {
            while (await connection.ReceiveAsync(either.Token) is { } message)
            {
                Touch();
                if (!IsProbeAnswer(message))
                {
                    await onMessage(message);
                }
            }
        }
        catch (Exception end) when (end is OperationCanceledException or IOException or System.Net.WebSockets.WebSocketException)
        {
            // Ended by this side, whose caller has the reason, or by the other without a word.
        }
        finally
        {
            _outbound.Writer.TryComplete();
            _end.Cancel();
            await Task.WhenAll(sending, watching);
        }
    }

    /// <summary>Says good-bye and ends.</summary>
    public async ValueTask CloseAsync(CancellationToken cancellationToken)
    {
        try
        {
            await connection.CloseAsync(cancellationToken);
        }
        finally
        {
            End();
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_courier is not null)
        {
            await _courier.DisposeAsync();
        }

        await connection.DisposeAsync();
        _end.Dispose();
    }

    private void End()
    {
        try
        {
            _end.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The connection has ended by itself meanwhile.
        }
    }

    private static void ThrowIfRefused(Envelope handshake)
    {
        var (error, _) = JsonSlice.Member(handshake.Bytes, "error");
        if (!error.IsEmpty)
        {
            throw new LinkException(LinkFailure.NotValidated, $"The daemon refused the handshake: {System.Text.Encoding.UTF8.GetString(error.Span)}");
        }
    }

    private async Task<Envelope> ReceiveAnswerAsync(RequestId id, List<byte[]> others, CancellationToken cancellationToken)
    {
        while (true)
        {
            var message = await connection.ReceiveAsync(cancellationToken)
                ?? throw new LinkException(LinkFailure.NotValidated, $"The daemon closed the connection before it was ready (code {connection.CloseCode?.ToString() ?? "none"}).");
            if (TryParse(message) is { Kind: MessageKind.Response } response && response.Id == id)
            {
                return response;
            }

            others.Add(message);
        }
    }

    private async Task SendLoopAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (await _outbound.Reader.WaitToReadAsync(cancellationToken))
            {
                while (_outbound.Reader.TryRead(out var message))
                {
                    await connection.SendAsync(message, cancellationToken);
                }
            }
        }
        catch (Exception failure) when (failure is OperationCanceledException or IOException or System.Net.WebSockets.WebSocketException or InvalidOperationException)
        {
            // A link that cannot send is no link, even if it still receives.
            _end.Cancel();
        }
    }

    private async Task WatchSilenceAsync(Func<bool> needed, CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                var wait = LongestSilence - Silence();
                // A delay is cut to whole milliseconds: less than one would be none, and this loop would spin.
                await Task.Delay(wait <= TimeSpan.Zero ? LongestSilence : wait + TimeSpan.FromMilliseconds(1), time, cancellationToken);
                if (needed() && Silence() >= LongestSilence)
                {
                    Send(era.Probe(NextProbeId()));
                    await Task.Delay(settings.PingValidationTimeout, time, cancellationToken);
                    if (Silence() >= LongestSilence)
                    {
                        FellSilent = true;
                        _end.Cancel();
                        return;
                    }
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The link ended.
        }
    }

    private bool IsProbeAnswer(byte[] message) =>
        message.AsSpan().IndexOf(System.Text.Encoding.UTF8.GetBytes(ProbePrefix)) >= 0
        && TryParse(message) is { Kind: MessageKind.Response, Id.Text: { } id } && id.StartsWith(ProbePrefix, StringComparison.Ordinal);

    private static Envelope? TryParse(byte[] message)
    {
        try
        {
            return Envelope.Parse(message);
        }
        catch (MalformedMessageException)
        {
            return null;
        }
    }

    private string ProbePrefix => ownIdPrefix + "probe-";

    private RequestId NextProbeId() => new(ProbePrefix + ++_probes, 0);

    private void Touch() => Volatile.Write(ref _lastReceived, time.GetTimestamp());

    private TimeSpan Silence() => time.GetElapsedTime(Volatile.Read(ref _lastReceived));
}
