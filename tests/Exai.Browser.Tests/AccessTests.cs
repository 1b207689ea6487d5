using System.Text.Json;
using Exai.Browser.Tests.Harness;
using Microsoft.Playwright;

namespace Exai.Browser.Tests;

/// <summary>The page without a mouse, and as a screen reader is told of it.</summary>
public sealed class AccessTests(Chromium chromium)
{
    private static readonly string[] Controls = ["button", "link", "textbox", "searchbox", "combobox", "checkbox", "menuitem", "tab"];

    [Theory]
    [InlineData("Live")]
    [InlineData("Providers")]
    [InlineData("History")]
    [InlineData("Settings")]
    public async Task Every_control_has_a_name_and_is_reached_by_the_tab_key_with_a_mark_around_it(string view)
    {
        Chromium.SkipWithout();
        await using var scene = await Scene.CreateAsync();
        await using var page = await chromium.OpenAsync(scene.Machine);
        await page.IsLiveAsync();
        await page.ShowAsync(view);
        await Assertions.Expect(page.Tab.GetByText("loading…")).ToHaveCountAsync(0);

        (await UnnamedAsync(page)).ShouldBeEmpty();

        await page.Tab.EvaluateAsync("document.querySelectorAll('a[href], button, input, select, summary').forEach((control, at) => control.dataset.control = at)");
        var all = await page.Tab.EvaluateAsync<string[]>("[...document.querySelectorAll('[data-control]')].filter(control => control.checkVisibility()).map(control => control.dataset.control)");
        all.Length.ShouldBeGreaterThan(8);
        var reached = new HashSet<string>(StringComparer.Ordinal);
        // From wherever the focus is, once around: the page's end is no control, and neither is its beginning.
        for (var press = 0; reached.Count < all.Length && press < 2 * all.Length + 10; press++)
        {
            await page.Tab.Keyboard.PressAsync("Tab");
            var at = await page.Tab.EvaluateAsync<string?>(
                "document.activeElement.dataset.control === undefined ? null : getComputedStyle(document.activeElement).outlineStyle === 'none' ? 'unmarked' : document.activeElement.dataset.control");
            if (at is not null)
            {
                reached.Add(at);
            }
        }

        reached.ShouldBe(all, ignoreOrder: true);
    }

    [Fact]
    public async Task Call_is_cancelled_by_keys_alone_and_the_focus_stays_while_the_table_lives()
    {
        Chromium.SkipWithout();
        await using var scene = await Scene.CreateAsync();
        await using var page = await chromium.OpenAsync(scene.Machine);
        await page.IsLiveAsync();
        var answering = page.Call("Write the migration");
        await answering.GetByRole(AriaRole.Button).FocusAsync();

        // The table is filled anew each second; another call ends above the focus and one begins below it.
        await page.Call("Where is the race").GetByRole(AriaRole.Button).ClickAsync();
        await answering.GetByRole(AriaRole.Button).FocusAsync();
        await Assertions.Expect(page.Call("Where is the race")).ToHaveCountAsync(0);

        await Assertions.Expect(answering.GetByRole(AriaRole.Button)).ToBeFocusedAsync();
        await page.Tab.Keyboard.PressAsync("Enter");
        await Assertions.Expect(answering).ToHaveCountAsync(0);
    }

    [Fact]
    public async Task Skip_link_leads_past_the_navigation_and_the_connection_is_announced()
    {
        Chromium.SkipWithout();
        await using var scene = await Scene.CreateAsync();
        await using var page = await chromium.OpenAsync(scene.Machine);
        await page.IsLiveAsync();

        await page.Tab.Keyboard.PressAsync("Tab");
        await Assertions.Expect(page.Tab.GetByRole(AriaRole.Link, new PageGetByRoleOptions { Name = "Skip to the content" })).ToBeFocusedAsync();
        await page.Tab.Keyboard.PressAsync("Enter");

        await Assertions.Expect(page.Tab.Locator("main")).ToBeFocusedAsync();
        await Assertions.Expect(page.Tab.GetByRole(AriaRole.Heading, new PageGetByRoleOptions { Name = "Now" })).ToBeVisibleAsync();
        await Assertions.Expect(page.Tab.GetByRole(AriaRole.Status).First).ToHaveTextAsync("live");
    }

    /// <summary>Controls without a name, as the browser computes it for a screen reader.</summary>
    private static async Task<List<string>> UnnamedAsync(DashboardPage page)
    {
        var session = await page.Tab.Context.NewCDPSessionAsync(page.Tab);
        var tree = await session.SendAsync("Accessibility.getFullAXTree");
        return
        [
            .. tree!.Value.GetProperty("nodes").EnumerateArray()
                .Where(node => !node.GetProperty("ignored").GetBoolean() && Controls.Contains(Text(node, "role")) && string.IsNullOrWhiteSpace(Text(node, "name")))
                .Select(node => node.GetRawText()),
        ];

        static string? Text(JsonElement node, string member) => node.TryGetProperty(member, out var value) && value.TryGetProperty("value", out var text) ? text.GetString() : null;
    }
}
