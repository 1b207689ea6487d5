using System.Diagnostics;
using Exai.Browser.Tests.Harness;
using Exai.EndToEnd.Tests.Harness;
using Exai.Simulator;
using Microsoft.Playwright;

namespace Exai.Browser.Tests;

/// <summary>A thousand calls at once, asked by a real client.</summary>
public sealed class ManyCallsTests(Chromium chromium)
{
    private const int Calls = 1000;

    [Fact]
    public async Task Thousand_live_calls_leave_the_page_usable()
    {
        Chromium.SkipWithout();
        await using var machine = await ExaiHomeFixture.CreateAsync([new SimulatorRule { HangAt = SimulatorStage.Headers }], ("EXAI_QUEUE_MAX", "2000"));
        var shim = await machine.StartClientAsync();
        await machine.Daemon.RunningAsync();
        for (var call = 0; call < Calls; call++)
        {
            await shim.SendChatAsync($"What does marker-{call:0000} mean?");
        }

        await using var page = await chromium.OpenAsync(machine);
        await page.IsLiveAsync();
        await Assertions.Expect(page.Tab.Locator("dl div").Filter(new LocatorFilterOptions { HasText = "Running" }).Locator("dd")).ToHaveTextAsync($"{Calls}");
        var rows = page.Tab.Locator("tbody tr");
        (await rows.CountAsync()).ShouldBe(100);
        await page.PictureAsync("thousand-calls");

        // While three overviews arrive no turn of the page's loop keeps a user waiting.
        var longest = await page.Tab.EvaluateAsync<double>(
            "() => new Promise(done => { let last = performance.now(), longest = 0; const end = last + 3500; (function turn() { const now = performance.now(); longest = Math.max(longest, now - last); last = now; if (now < end) setTimeout(turn, 0); else done(longest); })(); })");
        longest.ShouldBeLessThan(1000, "milliseconds without an answer");

        var pressed = Stopwatch.GetTimestamp();
        await page.Tab.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Show more of the other 900" }).ClickAsync();
        await Assertions.Expect(rows).ToHaveCountAsync(200);
        await rows.Nth(150).GetByRole(AriaRole.Button).ClickAsync();
        await page.ShowAsync("History");
        await page.Tab.GetByRole(AriaRole.Searchbox).FillAsync("marker-0777");
        await page.Tab.Keyboard.PressAsync("Enter");
        await Assertions.Expect(rows).ToHaveCountAsync(1);
        Stopwatch.GetElapsedTime(pressed).ShouldBeLessThan(TimeSpan.FromSeconds(15));
    }
}
