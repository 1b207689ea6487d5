using System.Collections.Concurrent;
using Exai.Core.Models;
using Exai.Settings;

namespace Exai.Core.Providers;

/// <summary>
/// Model servers that listen on this machine though no settings name them: looked for once at start, behind everything else, and again when
/// somebody asks what there is. What is found can be asked by name and is never chosen: another program may listen there tomorrow.
/// Thread-safe.
/// </summary>
/// <param name="presets">Where to look.</param>
/// <param name="isThere">Whether it really is the server that the preset means.</param>
/// <param name="connect">Makes the provider of a server that is there, once.</param>
internal sealed class LocalServers(
    IReadOnlyList<EndpointPreset> presets,
    Func<EndpointPreset, CancellationToken, Task<bool>> isThere,
    Func<EndpointPreset, ModelProvider> connect,
    TimeProvider time) : IAsyncDisposable
{
    /// <summary>A server on one's own machine answers at once, or is busy with something else.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<string, ModelProvider> _connected = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _stopping = new();
    private readonly SemaphoreSlim _gate = new(1, 1);
    private IReadOnlyList<ModelProvider> _found = [];
    private Task _first = Task.CompletedTask;

    /// <summary>As the last look saw them, in the presets' order.</summary>
    public IReadOnlyList<ModelProvider> Found => Volatile.Read(ref _found);

    /// <summary>Begins the first look and returns at once.</summary>
    public void Start() => _first = FirstLookAsync();

    public async Task LookAsync(CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            var there = await Task.WhenAll(presets.Select(preset => IsThereAsync(preset, cancellationToken)));
            Volatile.Write(ref _found, [.. presets.Where((_, i) => there[i]).Select(preset => _connected.GetOrAdd(preset.Name, _ => connect(preset)))]);
        }
        finally
        {
            _gate.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        _stopping.Cancel();
        await _first;
        foreach (var provider in _connected.Values)
        {
            provider.Client.Dispose();
        }

        _stopping.Dispose();
    }

    private async Task FirstLookAsync()
    {
        // Whoever starts the daemon goes on first.
        await Task.Yield();
        try
        {
            await LookAsync(_stopping.Token);
        }
        catch (OperationCanceledException)
        {
            // The daemon stops.
        }
    }

    private async Task<bool> IsThereAsync(EndpointPreset preset, CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(Patience, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, patience.Token);
        try
        {
            return await isThere(preset, both.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }
}
