namespace Exai.Witness.Tests.Harness;

/// <summary>How long a test waits for what must come: generous, because the machine is shared, but never for ever.</summary>
internal static class Patience
{
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    /// <summary>A token that fires when patience is over or the test run is cancelled.</summary>
    public static CancellationToken Token()
    {
        var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(Limit);
        return patience.Token;
    }
}
