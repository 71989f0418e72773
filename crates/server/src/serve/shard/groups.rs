//! Who has subscribed to what: the subscribers of each topic, and of each prefix.

use slab::Slab;

/// A group of one is its member's key with this bit set, and takes no room: there may be a topic for each of many subscribers.
const ALONE: u32 = 1 << 31;

/// The groups of a shard, each by a number that the hub keeps with the topic.
#[derive(Default)]
pub(super) struct Groups(Slab<Vec<u32>>);

impl Groups {
    /// Adds a subscriber to a group, or makes one for it; the group has the number that comes back from now on.
    pub(super) fn enter(&mut self, group: Option<u32>, key: u32) -> u32 {
        match group {
            None => ALONE | key,
            Some(one) if one & ALONE != 0 => self.0.insert(vec![one & !ALONE, key]) as u32,
            Some(group) => {
                self.0[group as usize].push(key);
                group
            }
        }
    }

    /// Takes a subscriber out of a group, whose number comes back as long as there are others in it.
    pub(super) fn leave(&mut self, group: u32, key: u32) -> Option<u32> {
        if group & ALONE != 0 {
            return None;
        }
        let members = &mut self.0[group as usize];
        if let Some(place) = members.iter().position(|member| *member == key) {
            members.swap_remove(place);
        }
        if members.is_empty() {
            self.0.remove(group as usize);
            return None;
        }
        Some(group)
    }

    /// The keys of a group's members. There are none where the group is gone.
    pub(super) fn members(&self, group: u32) -> impl DoubleEndedIterator<Item = u32> {
        let alone = (group & ALONE != 0).then_some(group & !ALONE);
        // No group that is kept has a number as large as one of these.
        let kept = self.0.get(group as usize).into_iter().flatten();
        alone.into_iter().chain(kept.copied())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_of_one_takes_no_room_and_keeps_its_member_when_another_comes() {
        let mut groups = Groups::default();
        let members = |groups: &Groups, group| groups.members(group).collect::<Vec<_>>();
        let alone = groups.enter(None, 7);
        assert_eq!((members(&groups, alone), groups.0.len()), (vec![7], 0));
        assert_eq!(groups.leave(alone, 7), None);

        let both = groups.enter(Some(alone), 0);
        assert_eq!(members(&groups, both), [7, 0]);
        assert_eq!(groups.enter(Some(both), 9), both);
        assert_eq!(groups.leave(both, 7), Some(both));
        assert_eq!(members(&groups, both), [9, 0]);
        assert_eq!(groups.leave(both, 0), Some(both));
        assert_eq!(groups.leave(both, 9), None);
        assert_eq!((members(&groups, both), groups.0.len()), (vec![], 0));
    }
}
