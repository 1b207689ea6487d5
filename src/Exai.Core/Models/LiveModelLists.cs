using System.Collections.Concurrent;
using Exai.Core.Providers;
using Exai.Protocol;
using Exai.Settings;

namespace Exai.Core.Models;

/// <summary>
/// What the providers say they serve. A list is fetched when somebody asks for it and kept for an hour; nothing is fetched by itself, so an
/// idle daemon makes no requests. Thread-safe.
/// </summary>
internal sealed class LiveModelLists(TimeProvider time)
{
    /// <summary>How long a list counts as new.</summary>
    public static readonly TimeSpan Freshness = TimeSpan.FromHours(1);

    /// <summary>How long a failure keeps others from trying.</summary>
    public static readonly TimeSpan FailureFreshness = TimeSpan.FromMinutes(1);

    /// <summary>A list that takes longer is not waited for.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<ModelProvider, Entry> _entries = new(ReferenceEqualityComparer.Instance);

    /// <summary>The list as it was last fetched; null when it never was, or when the provider has none to fetch.</summary>
    public LiveModelList? Known(ModelProvider provider) => _entries.TryGetValue(provider, out var entry) ? entry.List : null;

    /// <summary>The list, fetched anew when it is old; null when the provider cannot tell. A failure is in the list, never thrown.</summary>
    public async Task<LiveModelList?> GetAsync(ModelProvider provider, CancellationToken cancellationToken)
    {
        if (provider.Client.GetService(typeof(IModelLister)) is not IModelLister lister)
        {
            return null;
        }

        var entry = _entries.GetOrAdd(provider, _ => new Entry());
        await entry.Gate.WaitAsync(cancellationToken);
        try
        {
            if (entry.List is null || time.GetUtcNow() >= entry.List.TriedAt + (entry.List.Failure is null ? Freshness : FailureFreshness))
            {
                entry.List = await FetchAsync(provider, lister, entry.List, cancellationToken);
            }

            return entry.List;
        }
        finally
        {
            entry.Gate.Release();
        }
    }

    /// <summary>Makes all lists new, side by side.</summary>
    public Task RefreshAsync(IEnumerable<ModelProvider> providers, CancellationToken cancellationToken) =>
        Task.WhenAll(providers.Select(provider => GetAsync(provider, cancellationToken)));

    private async Task<LiveModelList> FetchAsync(ModelProvider provider, IModelLister lister, LiveModelList? last, CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(Patience, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, patience.Token);
        string failure;
        try
        {
            var models = await lister.ListModelsAsync(both.Token);
            return new LiveModelList(models, time.GetUtcNow(), time.GetUtcNow(), Failure: null);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw;
        }
        catch (OperationCanceledException)
        {
            failure = $"{provider.Name} did not send its list of models within {Patience.TotalSeconds:0} s.";
        }
        catch (ProviderException exception)
        {
            failure = exception.Message;
        }
        catch (Exception exception) when (exception is not CallException)
        {
            // A client from elsewhere: its words are not known to be safe.
            failure = $"{provider.Name} could not list its models ({exception.GetType().Name}).";
        }

        return new LiveModelList(last?.Models ?? [], last?.FetchedAt, time.GetUtcNow(), failure);
    }

    private sealed class Entry
    {
        public SemaphoreSlim Gate { get; } = new(1, 1);

        public LiveModelList? List { get; set => Volatile.Write(ref field, value); }
    }
}

/// <summary>One provider's list.</summary>
/// <param name="Models">As last fetched; empty when that never worked.</param>
/// <param name="FetchedAt">Null when it never worked.</param>
/// <param name="TriedAt">The last try.</param>
/// <param name="Failure">Why the last try failed, safe to show; null when it did not.</param>
internal sealed record LiveModelList(IReadOnlyList<ModelDescription> Models, DateTimeOffset? FetchedAt, DateTimeOffset TriedAt, string? Failure)
{
    /// <summary>Whether anything can be concluded from what is not in it.</summary>
    public bool IsKnown => FetchedAt is not null && Models.Count > 0;

    public ModelDescription? Find(string id) => Models.FirstOrDefault(model => model.Id.Equals(id, StringComparison.OrdinalIgnoreCase));

    /// <summary>Whether the provider has stopped to serve the model, as far as its list tells.</summary>
    public bool Lacks(string id) => IsKnown && Find(id) is null;

    /// <summary>What is served in the place of a model: its successor if that is served, else the nearest name.</summary>
    public string? InPlaceOf(string id, string? successor) =>
        successor is not null && Find(successor) is { } served ? served.Id
        : NearNames.Of(id, Models.Select(model => model.Id), most: 1) is [var near] ? near
        : null;
}
