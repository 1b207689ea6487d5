using Exai.Files;
using Exai.Shim.Link;

namespace Exai.Shim.Files;

/// <summary>
/// Sends the calls of one connection, each after its files: what the daemon has already is not sent again. A file that cannot be brought over
/// does not hold its call: the daemon says that it is missing. Calls on one thread keep their order.
/// </summary>
/// <param name="send">Queues a message on the connection.</param>
internal sealed class BlobCourier(ILinkConnection connection, Action<ReadOnlyMemory<byte>> send, TimeProvider time) : IAsyncDisposable
{
    private const int Attempts = 3;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    /// <summary>For one file; on loopback it takes moments.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly CancellationTokenSource _end = new();
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Task> _threads = new(StringComparer.Ordinal);
    private readonly HashSet<Task> _underWay = [];

    public void Send(ReadOnlyMemory<byte> message, CallFiles? files)
    {
        lock (_lock)
        {
            var before = files?.Thread is { } thread ? _threads.GetValueOrDefault(thread) : null;
            if ((files is null || files.Blobs.Count == 0) && before is null)
            {
                if (files is null)
                {
                    send(message);
                }
                else
                {
                    files.Leave(() => send(message));
                }

                return;
            }

            var sending = SendAsync(message, files!, before);
            _underWay.RemoveWhere(task => task.IsCompleted);
            _underWay.Add(sending);
            if (files!.Thread is { } own)
            {
                _threads[own] = sending;
            }
        }
    }

    /// <summary>The connection has ended: nothing more is sent.</summary>
    public async ValueTask DisposeAsync()
    {
        Task[] underWay;
        lock (_lock)
        {
            _end.Cancel();
            underWay = [.. _underWay];
        }

        await Task.WhenAll(underWay);
        _end.Dispose();
    }

    private async Task SendAsync(ReadOnlyMemory<byte> message, CallFiles files, Task? before)
    {
        await Task.Yield();
        try
        {
            foreach (var blob in files.Blobs.TakeWhile(_ => !files.Unwanted))
            {
                await BringAsync(blob, _end.Token);
            }

            if (before is not null)
            {
                await before.WaitAsync(_end.Token);
            }

            files.Leave(() => send(message));
        }
        catch (Exception ended) when (ended is OperationCanceledException or ObjectDisposedException)
        {
            // The next connection begins anew.
        }
        finally
        {
            lock (_lock)
            {
                if (files.Thread is { } thread && _threads.TryGetValue(thread, out var last) && last.IsCompleted)
                {
                    _threads.Remove(thread);
                }
            }
        }
    }

    private async Task BringAsync(BlobSource blob, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            using var limit = new CancellationTokenSource(Patience, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
            try
            {
                if (!await connection.HasBlobAsync(blob.Sha256, either.Token))
                {
                    await using var content = blob.Open();
                    await connection.SendBlobAsync(blob.Sha256, content, either.Token);
                }

                return;
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (BlobRefusedException)
            {
                // It has changed since it was hashed, or the daemon has no room: to try again would not help.
                return;
            }
            catch (Exception failure) when (failure is IOException or HttpRequestException or FileRefusedException or UnauthorizedAccessException)
            {
                if (attempt == Attempts || failure is FileRefusedException)
                {
                    return;
                }

                await Task.Delay(Pause, time, cancellationToken);
            }
        }
    }
}

/// <summary>What a call has to wait for on each connection: its files, and the calls before it on its thread.</summary>
/// <param name="blobs">Empty for a call without files.</param>
/// <param name="thread">The thread that the call goes on with; null for a new one.</param>
/// <param name="isKnown">A daemon may have the call already.</param>
internal sealed class CallFiles(IReadOnlyList<BlobSource> blobs, string? thread, bool isKnown)
{
    private readonly Lock _lock = new();
    private volatile bool _unwanted;
    private bool _hasLeft = isKnown;

    public IReadOnlyList<BlobSource> Blobs => blobs;

    public string? Thread => thread;

    /// <summary>The client gave the call up: it is not sent after its files.</summary>
    public bool Unwanted => _unwanted;

    /// <summary>A daemon may have the call.</summary>
    public bool HasLeft
    {
        get
        {
            lock (_lock)
            {
                return _hasLeft;
            }
        }
    }

    /// <summary>Sends the call, unless it was given up. What is sent after the giving up comes after it on the connection too.</summary>
    public void Leave(Action send)
    {
        lock (_lock)
        {
            if (!_unwanted)
            {
                _hasLeft = true;
                send();
            }
        }
    }

    /// <returns>Whether no daemon can have the call, now or later.</returns>
    public bool GiveUp()
    {
        lock (_lock)
        {
            _unwanted = true;
            return !_hasLeft;
        }
    }
}

/// <summary>The daemon does not take a blob, and would not take it if it were sent again.</summary>
internal sealed class BlobRefusedException(string message) : Exception(message);
