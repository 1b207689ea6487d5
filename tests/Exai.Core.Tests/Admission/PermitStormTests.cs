namespace Exai.Core.Tests.Admission;

/// <summary>
/// Sessions come and go, attempts arrive, end, fail, are refused, cancelled, time out and get lost, in an order that a seed chooses, for a
/// hundred thousand steps; after each the counts are compared with an account that the test keeps by itself. Traps 57–61, 64, 65, 67 and
/// invariants 3 and 7, whatever the order of events. A failing seed fails again when it is run alone.
/// </summary>
public sealed class PermitStormTests(ITestOutputHelper output)
{
    private const int Steps = 100_000;

    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 6)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Any_order_of_events_keeps_the_limits_and_starves_nobody(int seed)
    {
        using var storm = new PermitStorm(seed, refusals: false);
        storm.Run(Steps);
        output.WriteLine(storm.Summary);
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Any_order_of_refusals_keeps_the_limits_and_comes_to_an_end(int seed)
    {
        using var storm = new PermitStorm(seed, refusals: true);
        storm.Run(Steps);
        output.WriteLine(storm.Summary);
    }
}
