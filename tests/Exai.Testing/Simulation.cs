namespace Exai.Testing;

/// <summary>
/// Runs real asynchronous code on one thread and a virtual clock. Everything that is ready runs, in an order that the seed decides;
/// when nothing is ready, the clock moves to its next timer. Minutes of waiting take milliseconds, and the same seed gives the same run.
/// Works because the code under test keeps its scheduling context: it never leaves for the thread pool by itself.
/// </summary>
public sealed class Simulation : SynchronizationContext
{
    private static readonly TimeSpan PoolPatience = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan LastPatience = TimeSpan.FromSeconds(5);

    private readonly object _gate = new();
    private readonly List<(SendOrPostCallback Callback, object? State)> _ready = [];
    private readonly Random? _order;
    private readonly bool _usesPool;
    private readonly int _thread = Environment.CurrentManagedThreadId;

    private Simulation(VirtualTime time, int? seed, bool usesPool)
    {
        Time = time;
        _usesPool = usesPool;
        _order = seed is { } value ? new Random(value) : null;
    }

    public VirtualTime Time { get; }

    /// <summary>What went on on another thread first, and so made the order of events chance; null when nothing did.</summary>
    public string? Stray { get; private set; }

    /// <summary>Runs the body to its end.</summary>
    /// <param name="seed">Chooses among what is ready; null runs it in order of arrival.</param>
    /// <param name="limit">Virtual time after which the body counts as hanging; one day if not given.</param>
    /// <param name="usesPool">
    /// Whether the code under test completes anything on the thread pool, which has then to be waited for before each step of the clock;
    /// false makes long stretches of virtual time cheap.
    /// </param>
    /// <exception cref="TimeoutException">Nothing can happen any more, or the limit is over, and the body has not ended.</exception>
    public static void Run(Func<Simulation, Task> body, int? seed = null, TimeSpan? limit = null, bool usesPool = true)
    {
        var outer = Current;
        var simulation = new Simulation(new VirtualTime(), seed, usesPool);
        SetSynchronizationContext(simulation);
        try
        {
            var end = simulation.Time.GetUtcNow() + (limit ?? TimeSpan.FromDays(1));
            var running = body(simulation);
            while (!running.IsCompleted)
            {
                if (simulation.RunOneReady())
                {
                    continue;
                }

                if (simulation.Time.GetUtcNow() > end || (!simulation.Time.AdvanceToNextTimer() && !simulation.AwaitPool()))
                {
                    throw new TimeoutException($"The simulation (seed {seed?.ToString() ?? "none"}) stands still at {simulation.Time.GetUtcNow():HH:mm:ss.fff}: its body has not ended.");
                }
            }

            running.GetAwaiter().GetResult();
        }
        finally
        {
            SetSynchronizationContext(outer);
        }
    }

    /// <summary>Lets everything happen that can happen before the clock has to move.</summary>
    public async Task SettleAsync()
    {
        // Not Task.Delay: it rounds down to milliseconds, and none at all is no wait.
        var moved = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var timer = Time.CreateTimer(_ => moved.SetResult(), null, TimeSpan.FromTicks(1), Timeout.InfiniteTimeSpan);
        await moved.Task;
    }

    public override void Post(SendOrPostCallback d, object? state)
    {
        lock (_gate)
        {
            if (Environment.CurrentManagedThreadId != _thread)
            {
                Stray ??= (state as Delegate)?.Target?.ToString() ?? d.Method.Name;
            }

            _ready.Add((d, state));
            Monitor.Pulse(_gate);
        }
    }

    public override void Send(SendOrPostCallback d, object? state) => d(state);

    public override SynchronizationContext CreateCopy() => this;

    /// <summary>When no timer is left, only the pool can go on.</summary>
    private bool AwaitPool()
    {
        lock (_gate)
        {
            return _ready.Count > 0 || Monitor.Wait(_gate, LastPatience) || _ready.Count > 0;
        }
    }

    private bool RunOneReady()
    {
        (SendOrPostCallback Callback, object? State) next;
        lock (_gate)
        {
            // The runtime completes some combinators on the thread pool. Their work is moments long: it is waited for, never raced.
            while (_ready.Count == 0)
            {
                if (!_usesPool)
                {
                    return false;
                }

                var completed = ThreadPool.CompletedWorkItemCount;
                if (!Monitor.Wait(_gate, PoolPatience) && ThreadPool.PendingWorkItemCount == 0 && ThreadPool.CompletedWorkItemCount == completed && _ready.Count == 0)
                {
                    return false;
                }
            }

            var index = _order?.Next(_ready.Count) ?? 0;
            next = _ready[index];
            _ready.RemoveAt(index);
        }

        next.Callback(next.State);
        return true;
    }
}
