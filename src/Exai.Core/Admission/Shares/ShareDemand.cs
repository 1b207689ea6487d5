namespace Exai.Core.Admission.Shares;

/// <summary>
/// How many attempts would run if the limits were this daemon's alone: those that do, and those that wait for nothing else. Who waits for its
/// session's allowance or for a pause to end needs no permit yet, and another daemon may use it. Belongs to the scheduler's lock.
/// </summary>
internal static class ShareDemand
{
    /// <summary>By model, those that run included.</summary>
    public static IEnumerable<(Scope Model, int Wanted)> Of(ProviderScope provider, ShareView view)
    {
        var open = Math.Max(0, provider.Throttle.Room(view.Now, provider.Held));
        foreach (var model in provider.Models.Values)
        {
            var able = 0;
            foreach (var flow in view.Waiting)
            {
                able += flow.Scope == model ? Able(flow, view) : 0;
            }

            var more = Math.Clamp(Math.Min(able, model.Limit - model.Held), 0, open);
            open -= more;
            yield return (model, model.Held + more);
        }
    }

    private static int Able(Flow flow, ShareView view)
    {
        var (whole, provider) = (flow.Session.Seat, flow.Parent!);
        var most = view.SessionLimit - whole.Held - (flow.IsKeptForAnother(view.Now) ? 1 : 0);
        if (!Turns.IsAlone(flow.Session, view.Connected))
        {
            most = Math.Min(most, Math.Min(flow.BeforeAll, Math.Min(provider.BeforeAll, whole.BeforeAll)));
        }

        return Math.Clamp(flow.Waiting, 0, Math.Max(0, most));
    }
}
