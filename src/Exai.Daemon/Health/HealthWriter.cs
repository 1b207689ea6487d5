using Exai.Protocol;
using Exai.Settings.Home;
using Microsoft.Extensions.Logging;

namespace Exai.Daemon.Health;

/// <summary>
/// Keeps <c>health.json</c> true: at each change of state, at most every 250 ms, and at least every interval. Owns the file only while
/// it carries this daemon's epoch.
/// </summary>
internal sealed class HealthWriter : IAsyncDisposable
{
    private static readonly TimeSpan LeastGap = TimeSpan.FromMilliseconds(250);

    private readonly ExaiHome _home;
    private readonly Func<HealthDocument> _read;
    private readonly TimeSpan _interval;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly SemaphoreSlim _changed = new(0, 1);
    private readonly CancellationTokenSource _end = new();
    private readonly Task _writing;
    private bool _written;

    public HealthWriter(ExaiHome home, Func<HealthDocument> read, TimeSpan interval, TimeProvider time, ILogger logger)
    {
        _home = home;
        _read = read;
        _interval = interval;
        _time = time;
        _logger = logger;
        _writing = WriteLoopAsync();
    }

    /// <summary>Something that the document shows has changed.</summary>
    public void Changed()
    {
        try
        {
            _changed.Release();
        }
        catch (SemaphoreFullException)
        {
            // A write is due already.
        }
    }

    /// <summary>Another daemon writes the file from now on: when this completes, this one does no more.</summary>
    public Task StopAsync()
    {
        _end.Cancel();
        return _writing;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        TryDelete();
        // The semaphore holds nothing that needs disposal, and a socket that ends late may still release it.
        _end.Dispose();
    }

    private async Task WriteLoopAsync()
    {
        // Kept while the interval passes without a change: a second waiter beside it would lose one.
        Task? change = null;
        try
        {
            while (true)
            {
                TryWrite();
                await Task.Delay(LeastGap, _time, _end.Token);
                change = change is null or { IsCompleted: true } ? _changed.WaitAsync(_end.Token) : change;
                await Task.WhenAny(change, Task.Delay(_interval > LeastGap ? _interval - LeastGap : TimeSpan.Zero, _time, _end.Token));
                _end.Token.ThrowIfCancellationRequested();
            }
        }
        catch (OperationCanceledException)
        {
            // The daemon stops.
        }
    }

    private void TryDelete()
    {
        try
        {
            HealthFile.DeleteIfEpoch(_home, _read().Epoch);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // The next daemon removes it before it listens.
            HealthEvents.NotWritten(_logger, failure.Message);
        }
    }

    private void TryWrite()
    {
        try
        {
            var document = _read();
            if (!_written || HealthFile.TryReadAddress(_home) is not { } found || found.Epoch == document.Epoch)
            {
                HealthFile.Write(_home, document);
                _written = true;
            }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // People lose a look at the daemon; calls do not need the file.
            HealthEvents.NotWritten(_logger, failure.Message);
        }
    }
}

/// <summary>What health writes to the log. Event ids 1200–1299.</summary>
internal static partial class HealthEvents
{
    [LoggerMessage(1200, LogLevel.Warning, "The health file could not be written: {Reason}")]
    public static partial void NotWritten(ILogger logger, string reason);
}
