using System.Globalization;
using Exai.Browser.Tests.Harness;
using Exai.EndToEnd.Tests.Harness;
using Exai.Simulator;
using Microsoft.Playwright;

namespace Exai.Browser.Tests;

/// <summary>A call as somebody at the dashboard sees it.</summary>
public sealed class LiveCallTests(Chromium chromium)
{
    [Fact]
    public async Task Call_appears_its_tokens_grow_and_its_button_cancels_it_at_the_provider()
    {
        Chromium.SkipWithout();
        await using var machine = await ExaiHomeFixture.CreateAsync([ProviderLog.Streams(tokens: 60_000)]);
        var shim = await machine.StartClientAsync();
        await machine.Daemon.RunningAsync();
        await using var page = await chromium.OpenAsync(machine);
        await page.IsLiveAsync();

        var call = await shim.SendChatAsync("What does marker-live mean?");
        var asked = await machine.Simulator.AskedAsync("marker-live", tokens: 1);
        var row = page.Call("marker-live");
        await Assertions.Expect(DashboardPage.Cell(row, "Client")).ToHaveTextAsync("e2e");
        await Assertions.Expect(DashboardPage.Cell(row, "Model")).ToHaveTextAsync("glm-4.6");
        await Assertions.Expect(DashboardPage.Cell(row, "Doing")).ToHaveTextAsync("answering");
        var few = await TokensAsync(row, above: 0);
        (await TokensAsync(row, above: few)).ShouldBeGreaterThan(few);
        await page.PictureAsync("live-call");

        await row.GetByRole(AriaRole.Button, new LocatorGetByRoleOptions { Name = "Cancel the call: What does marker-live mean?" }).ClickAsync();

        await machine.Simulator.EndedAsync(asked, SimulatorOutcome.ClientGone);
        (await shim.ReplyAsync(call)).Code.ShouldBe("CANCELLED");
        await Assertions.Expect(row).ToHaveCountAsync(0);
        await page.ShowAsync("History");
        await Assertions.Expect(DashboardPage.Cell(page.Call("marker-live"), "State")).ToHaveTextAsync("cancelled");
    }

    /// <summary>Reads the row until it shows more than that.</summary>
    private static async Task<int> TokensAsync(ILocator row, int above)
    {
        var patience = Patience.Token();
        while (true)
        {
            var text = await DashboardPage.Cell(row, "Tokens").TextContentAsync() ?? "";
            if (int.TryParse(text, NumberStyles.AllowThousands, CultureInfo.InvariantCulture, out var tokens) && tokens > above)
            {
                return tokens;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(100), patience);
        }
    }
}
