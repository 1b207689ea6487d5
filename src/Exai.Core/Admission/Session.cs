namespace Exai.Core.Admission;

/// <summary>A session: who is connected, what it holds and what it waits for. Belongs to the scheduler's lock.</summary>
internal sealed class Session
{
    private readonly Dictionary<ProviderScope, Seat> _providers = [];
    private readonly Dictionary<Scope, Flow> _flows = [];

    public Session(string id, Scope global)
    {
        Id = id;
        Seat = new Seat(this, global, parent: null);
    }

    public string Id { get; }

    /// <summary>Its seat in the daemon's scope, which counts all that it holds.</summary>
    public Seat Seat { get; }

    /// <summary>Links that are open.</summary>
    public int Connections { get; set; }

    /// <summary>Places in the queue that calls have taken and not used yet.</summary>
    public int Reserved { get; set; }

    /// <summary>The flow that lost so many turns to the session's other attempts that one of the session's permits is kept for it.</summary>
    public Flow? KeptFor { get; set; }

    public int Places => Seat.Waiting + Reserved;

    public bool IsIdle => Connections == 0 && Reserved == 0 && Seat is { Held: 0, Waiting: 0 };

    public IEnumerable<Flow> Flows => _flows.Values;

    public Flow Flow(ProviderScope provider, Scope model)
    {
        if (!_flows.TryGetValue(model, out var flow))
        {
            if (!_providers.TryGetValue(provider, out var seat))
            {
                _providers[provider] = seat = new Seat(this, provider, Seat);
            }

            _flows[model] = flow = new Flow(this, provider, model, seat);
        }

        return flow;
    }

    /// <summary>Forgets a model that nobody uses.</summary>
    public void Forget(Scope model) => _flows.Remove(model);
}
